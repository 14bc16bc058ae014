"""By which of the doors somebody came in: an API key, an access token, an account."""

from dataclasses import dataclass
from typing import Self

import sqlalchemy as sa
from sqlalchemy.orm import Session

from servicekit import db, keys
from servicekit.errors import NotKnown
from servicekit.people import accounts
from servicekit.people.issuer import Issuer
from servicekit.people.person import Person, by_key
from servicekit.people.settings import Oidc
from servicekit.people.tokens import Tokens, is_token
from servicekit.process import Process


@dataclass(frozen=True)
class Known:
    """Tells who sends the text of a bearer; what they may do is for others to say."""

    keys: sa.Table
    tokens: Tokens | None = None
    local: accounts.Tables | None = None
    now: db.Now = db.utc_now

    @classmethod
    def of(cls, process: Process, keys: sa.Table, local: accounts.Tables | None = None) -> Self:
        """Return it as the settings of a process want it; raises BadConfig."""
        oidc = Oidc.from_env(process.env)
        tokens = Tokens(oidc, Issuer(oidc), process.now) if oidc else None
        return cls(keys, tokens, local, process.now)

    def person(self, session: Session, bearer: str | None) -> Person:
        """Return who it is.

        Raises Forbidden when there is none or its key is not valid, NotKnown when its token is
        not, and Unavailable when that cannot be told now.
        """
        if bearer and is_token(bearer):
            if self.tokens is None:
                raise NotKnown("access tokens are not taken here")
            return self.tokens.person(bearer)
        if bearer and self.local and bearer.startswith(accounts.TOKEN):
            person = accounts.signed_in(session, self.local, bearer, self.now())
            if person is None:
                raise NotKnown("you are not signed in any more")
            return person
        return by_key(keys.require(session, self.keys, bearer))
