"""The door for intake: the letters with links, which it fetches when it sends them."""

import hmac
from dataclasses import dataclass, field

from servicekit import web
from servicekit.db import Now
from servicekit.errors import Forbidden
from sqlalchemy.orm import Session, sessionmaker

from routing import actions

_SECRET = {"Cache-Control": "no-store"}


@dataclass(frozen=True, kw_only=True)
class Letters:
    """Gives letters to our own services, which show the token between them."""

    db: sessionmaker[Session]
    desk: actions.Desk
    now: Now
    service_token: str = field(repr=False)

    def get_letter(self, link_id: str) -> web.Answer:
        """Return to whom a link's letter goes and what it says."""
        given = web.bearer() or ""
        ours = self.service_token
        if not (ours and hmac.compare_digest(given.encode(), ours.encode())):
            raise Forbidden("letters are for our own services")
        with self.db() as session:
            letter = actions.letter_of(session, self.desk, link_id, now=self.now())
        return web.json_answer(letter, headers=_SECRET)
