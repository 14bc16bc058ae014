"""The door for those whom a request of somebody else concerns too."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from servicekit import georeport, web
from servicekit.errors import NotFound
from sqlalchemy.orm import Session, sessionmaker

from intake import actions, wire
from intake.actions import supporting
from intake.api.answers import city, legal_id, may_report
from intake.domain.supporters import Supporter
from intake.keyring import Keyring


@dataclass(frozen=True, kw_only=True)
class Supporters:
    """POST and DELETE of supporters."""

    db: sessionmaker[Session]
    ground: actions.Ground
    keys: Keyring
    now: Callable[[], datetime]

    def post_supporter(
        self,
        service_request_id: str,
        format: str,  # noqa: A002 - the contract's word
        jurisdiction_id: str | None = None,
        api_key: str | None = None,
    ) -> web.Answer:
        """Let somebody join a public request."""
        fields = wire.Fields(web.form().fields)
        pack = city(self.ground, fields.get("jurisdiction_id") or jurisdiction_id)
        text = fields.get("api_key") or api_key or web.bearer()
        may_report(self.keys, pack, text, "post_supporter")
        supporter = Supporter(
            supporter_id=secrets.token_hex(16),
            service_request_id=legal_id(service_request_id),
            jurisdiction_id=pack.jurisdiction_id,
            language=wire.language_of(pack, fields.get("locale"), web.header("accept-language")),
            who=wire.read_supporter(fields),
        )
        with self.db.begin() as session:
            count = supporting.join(session, self.ground, supporter, now=self.now())
        told = supporter.who.email is not None
        link = None if told else supporting.link(self.ground, supporter.supporter_id)
        row = wire.support_row(supporter.service_request_id, count, link)
        body, media_type = georeport.encode("supporters", "supporter", [row], format)
        return web.Answer(body=body, status=201, media_type=media_type)

    def delete_supporter(self, secret: str) -> web.Answer:
        """Forget a supporter; who has the secret link needs no key."""
        if not georeport.legal(secret):
            raise NotFound("there is no such supporter")
        with self.db.begin() as session:
            supporting.leave(session, self.ground, secret)
        return web.Answer(status=204)
