"""The Kafka door: what intake and routing say about requests decides who may see their photos."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from servicekit.consumer import Handler
from servicekit.events import Event
from servicekit.outbox import Outbox
from sqlalchemy.orm import Session

from media import actions
from media.domain import Placing, Role


def handlers(outbox: Outbox, now: Callable[[], datetime]) -> Mapping[str, Handler]:
    """Return one function per event type that media reads."""
    ears = _Ears(outbox, now)
    return {
        "request.submitted.v1": ears.on_submitted,
        "request.published.v1": ears.on_visibility,
        "request.hidden.v1": ears.on_visibility,
        "case.moved.v1": ears.on_moved,
    }


def _placing(event: Event, role: Role) -> Placing:
    return Placing(
        jurisdiction_id=event.data["jurisdiction_id"],
        service_request_id=event.data["service_request_id"],
        role=role,
    )


@dataclass(frozen=True)
class _Ears:
    outbox: Outbox
    now: Callable[[], datetime]

    def on_submitted(self, session: Session, event: Event) -> None:
        """Take note of the request and of the photos it came with."""
        self.on_visibility(session, event)
        if event.data["media"]:
            self._attach(session, event, "report")

    def on_visibility(self, session: Session, event: Event) -> None:
        """Show or hide the photos of the request."""
        actions.hear_request(
            session,
            self.outbox,
            _placing(event, "report"),
            event.data["visibility"],
            sequence=event.sequence,
            now=self.now(),
        )

    def on_moved(self, session: Session, event: Event) -> None:
        """Attach the photos of a move as results."""
        if event.data["media"]:
            self._attach(session, event, "result")

    def _attach(self, session: Session, event: Event, role: Role) -> None:
        actions.attach_photos(
            session, self.outbox, _placing(event, role), event.data["media"], now=self.now()
        )
