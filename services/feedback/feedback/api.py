"""The HTTP door: one method per operationId of contracts/openapi/feedback.yaml."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from servicekit import georeport, keys, web
from servicekit.db import Now
from servicekit.errors import BadInput, Forbidden
from sqlalchemy.orm import Session, sessionmaker

from feedback import actions, wire
from feedback.domain import Evaluation, Invitation, Place

Counted = Callable[[str, Evaluation], None]


@dataclass(frozen=True, kw_only=True)
class Api:
    """Answers the API; ``evaluated`` counts evaluations."""

    db: sessionmaker[Session]
    desk: actions.Desk
    key_table: sa.Table
    now: Now
    evaluated: Counted

    def get_invitation(self, token: str, locale: str | None = None) -> web.Answer:
        """Return what an invitation asks about."""
        now = self.now()
        with self.db() as session:
            asked = actions.open_invitation(session, self.desk, token, now=now)
        pack = self.desk.pack(asked.invitation.place.jurisdiction_id)
        shown = wire.invitation_shown(
            asked.invitation,
            asked.told,
            [*asked.before, *asked.after],
            pack,
            language=locale or asked.told.language,
            now=now,
        )
        return _private({**shown, "if_not_solved": asked.if_not_solved.value})

    def post_evaluation(self, token: str, body: dict[str, Any]) -> web.Answer:
        """Take an answer; the first one stays."""
        with self.db.begin() as session:
            answered, first = actions.evaluate(
                session, self.desk, token, wire.read_body(body), now=self.now()
            )
        return self._answered(answered, first=first)

    def get_evaluations(self, service_request_id: str, jurisdiction_id: str) -> web.Answer:
        """Return a request's evaluations to staff of its city."""
        place = Place(jurisdiction_id=jurisdiction_id, service_request_id=service_request_id)
        with self.db() as session:
            self._require(session, place, "ombudsman", "operator")
            self.desk.pack(jurisdiction_id)
            found = actions.evaluations(session, place)
        return _private([wire.evaluation_shown(one) for one in found])

    def import_evaluation(
        self, service_request_id: str, jurisdiction_id: str, body: dict[str, Any]
    ) -> web.Answer:
        """Take an answer with a time of its own."""
        place = Place(jurisdiction_id=jurisdiction_id, service_request_id=service_request_id)
        with self.db.begin() as session:
            self._require(session, place, "import")
            when = self._moment(place, body["evaluated_datetime"])
            answered, first = actions.import_evaluation(
                session, self.desk, place, wire.read_body(body), evaluated=when, now=self.now()
            )
        return self._answered(answered, first=first)

    def _require(self, session: Session, place: Place, *roles: str) -> None:
        key = keys.require(session, self.key_table, web.bearer(), *roles)
        if not key.may_in(place.jurisdiction_id):
            raise Forbidden("this key is for another jurisdiction")

    def _moment(self, place: Place, written: str) -> datetime:
        zone = self.desk.pack(place.jurisdiction_id).city.zone
        try:
            return georeport.read_datetime(written, zone)
        except ValueError as fault:
            raise BadInput(f"evaluated_datetime {fault}") from None

    def _answered(self, answered: Invitation, *, first: bool) -> web.Answer:
        if first and answered.evaluation:
            self.evaluated(answered.place.jurisdiction_id, answered.evaluation)
        return _private(wire.evaluation_shown(answered), 201 if first else 200)


def _private(value: Any, status: int = 200) -> web.Answer:
    """Return JSON that no cache keeps."""
    return web.Answer(
        body=orjson.dumps(value), status=status, headers={"Cache-Control": "no-store"}
    )
