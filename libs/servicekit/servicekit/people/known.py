"""By which of the doors somebody came in: an API key, an access token, an account."""

from dataclasses import dataclass
from typing import Self

import sqlalchemy as sa
from sqlalchemy.orm import Session

from servicekit import db, keys
from servicekit.errors import NotKnown
from servicekit.people import accounts
from servicekit.people.introspection import Introspection
from servicekit.people.issuer import Issuer
from servicekit.people.person import Person, by_key
from servicekit.people.settings import Oidc
from servicekit.people.tokens import Tokens, is_token
from servicekit.process import Process


@dataclass(frozen=True)
class Known:
    """Tells who sends the text of a bearer; what they may do is for others to say.

    Who is signed in with a local account is known by ``local``, the accounts of this service, or
    ``elsewhere``, by asking the service that has them.
    """

    keys: sa.Table
    tokens: Tokens | None = None
    local: accounts.Tables | None = None
    now: db.Now = db.utc_now
    elsewhere: Introspection | None = None

    @classmethod
    def of(
        cls,
        process: Process,
        keys: sa.Table,
        local: accounts.Tables | None = None,
        elsewhere: Introspection | None = None,
    ) -> Self:
        """Return it as the settings of a process want it; raises BadConfig."""
        oidc = Oidc.from_env(process.env)
        tokens = Tokens(oidc, Issuer(oidc), process.now) if oidc else None
        return cls(keys, tokens, local, process.now, elsewhere)

    def person(self, session: Session, bearer: str | None) -> Person:
        """Return who it is.

        Raises Forbidden when there is none or its key is not valid, NotKnown when its token is
        not, and Unavailable when that cannot be told now.
        """
        if bearer and is_token(bearer):
            if self.tokens is None:
                raise NotKnown("access tokens are not taken here")
            return self.tokens.person(bearer)
        if bearer and self.has_accounts and bearer.startswith(accounts.TOKEN):
            person = self._signed_in(session, bearer)
            if person is None:
                raise NotKnown("you are not signed in any more")
            return person
        return by_key(keys.require(session, self.keys, bearer))

    @property
    def has_accounts(self) -> bool:
        """Whether the tokens of local accounts are good here."""
        return self.local is not None or self.elsewhere is not None

    def _signed_in(self, session: Session, bearer: str) -> Person | None:
        if self.local is not None:
            return accounts.signed_in(session, self.local, bearer, self.now())
        return self.elsewhere.person(bearer) if self.elsewhere else None
