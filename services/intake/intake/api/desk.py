"""The door for operators."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from intake import actions, store
from intake.api.answers import legal_id, unknown
from intake.domain import updates
from intake.staff import Staff


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What an operator decides about a request."""

    db: sessionmaker[Session]
    ground: actions.Ground
    staff: Staff
    now: Callable[[], datetime]

    def put_update_visibility(self, update_id: str, body: Mapping[str, Any]) -> dict[str, str]:
        """Hide a comment of others, or show it again."""
        named, person = updates.comment_of(update_id), self.staff.admit("put_update_visibility")
        with self.db.begin() as session:
            request = store.find_request(session, legal_id(named[0])) if named else None
            if named is None or request is None or not person.may_in(request.jurisdiction_id):
                raise unknown("update_id", update_id)
            hidden = body["visibility"] == "hidden"
            if not store.hide_comment(session, *named, hidden=hidden):
                raise unknown("update_id", update_id)
        return {"update_id": update_id, "visibility": body["visibility"]}

    def put_visibility(self, service_request_id: str, body: Mapping[str, Any]) -> dict[str, str]:
        """Publish, accept or hide a request."""
        person = self.staff.admit("put_visibility")
        with self.db.begin() as session:
            request = store.find_request(session, legal_id(service_request_id))
            if request is None or not person.may_in(request.jurisdiction_id):
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
