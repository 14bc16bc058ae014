"""The Kafka door: one function per type of event that routing reads."""

from collections.abc import Mapping
from dataclasses import dataclass

from servicekit.consumer import Handler, Record
from servicekit.db import Now
from servicekit.errors import NotFound
from servicekit.events import Event
from sqlalchemy.orm import Session

from routing import actions, wire
from routing.domain.updates import is_for_updates


@dataclass(frozen=True)
class Events:
    """The handlers and what they need."""

    desk: actions.Desk
    now: Now

    @property
    def on(self) -> Mapping[str, Handler]:
        """The handler of each type."""
        return {
            "request.submitted.v1": self.on_request_submitted,
            "request.published.v1": self.on_visibility,
            "request.hidden.v1": self.on_visibility,
            "request.withdrawn.v1": self.on_request_withdrawn,
            "request.commented.v1": self.on_request_commented,
            "request.evaluated.v1": self.on_request_evaluated,
            "request.disputed.v1": self.on_request_disputed,
            "update.sent.v1": self.on_update_sent,
            "message.delivered.v1": self.on_message,
            "message.failed.v1": self.on_message,
        }

    def on_request_submitted(self, session: Session, event: Event) -> None:
        """Open the case: department, clocks."""
        actions.route_request(session, self.desk, event.data, now=self.now())

    def on_visibility(self, session: Session, event: Event) -> None:
        """Note who may see the request now."""
        _known(event, actions.show_request(session, self.desk, event.data, now=self.now()))

    def on_request_commented(self, session: Session, event: Event) -> None:
        """Tell the department; close the case where the city lets others do so."""
        _known(event, actions.hear_comment(session, self.desk, event.data, now=self.now()))

    def on_request_withdrawn(self, session: Session, event: Event) -> None:
        """Close the case, as its citizen wishes."""
        _known(event, actions.withdraw_case(session, self.desk, event.data, now=self.now()))

    def on_request_evaluated(self, session: Session, event: Event) -> None:
        """Close the case, or open it anew."""
        _known(event, actions.evaluate_case(session, self.desk, event.data, now=self.now()))

    def on_request_disputed(self, session: Session, event: Event) -> None:
        """Put the case before the ombudsman."""
        _known(event, actions.dispute_case(session, self.desk, event.data, now=self.now()))

    def on_message(self, session: Session, event: Event) -> None:
        """Note whether the letter of a link went out; other messages are none of ours."""
        failed = event.data.get("reason")
        sent = None if failed else event.time
        actions.note_letter(session, event.data["message_id"], sent=sent, failed=failed)

    def on_update_sent(self, session: Session, event: Event) -> None:
        """Apply what a department did, or refuse it in words."""
        actions.answer_update(
            *(session, self.desk, event.data),
            source=event.source,
            topic=event.topic,
            now=self.now(),
        )

    def answer(self, session: Session, record: Record, reason: str) -> bool:
        """Tell a department that its update cannot be read; False when it is none."""
        if not is_for_updates(record.topic):
            return False
        told = wire.unread_update(record.topic, record.headers, record.value)
        reason = reason.removeprefix(f"{wire.UPDATE_SENT}: ")
        return told is not None and actions.answer_unread(
            session, self.desk, told, reason, now=self.now()
        )


def _known(event: Event, found: bool) -> None:  # noqa: FBT001 - it is the answer just given
    if not found:
        raise NotFound(f"service_request_id {event.subject} was not found")
