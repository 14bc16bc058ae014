"""The door for operators."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from servicekit import keys, web
from sqlalchemy.orm import Session, sessionmaker

from intake import actions, store
from intake.api.answers import legal_id, unknown


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What an operator decides about a request."""

    db: sessionmaker[Session]
    ground: actions.Ground
    now: Callable[[], datetime]

    def put_visibility(self, service_request_id: str, body: Mapping[str, Any]) -> dict[str, str]:
        """Publish, accept or hide a request."""
        with self.db.begin() as session:
            key = keys.require(
                session, store.API_KEY, web.bearer(), "operator", "ombudsman", "administrator"
            )
            request = store.find_request(session, legal_id(service_request_id))
            if request is None or not key.may_in(request.jurisdiction_id):
                raise unknown("service_request_id", service_request_id)
            changed = actions.set_visibility(
                session,
                self.ground,
                service_request_id,
                body["visibility"],
                reason=body.get("reason"),
                now=self.now(),
            )
        return {"service_request_id": service_request_id, "visibility": changed.visibility}
