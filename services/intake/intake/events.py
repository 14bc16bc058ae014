"""The Kafka door: what intake does about each kind of event."""

from collections.abc import Callable, Mapping
from datetime import datetime

from servicekit.consumer import Handler
from servicekit.events import Event
from sqlalchemy.orm import Session

from intake import actions
from intake.actions import kin, splitting, supporting


def handlers(ground: actions.Ground, now: Callable[[], datetime]) -> Mapping[str, Handler]:
    """Return one handler per event type that intake listens to."""

    def request_routed(session: Session, event: Event) -> None:
        actions.show_department(session, ground, event)

    def case_moved(session: Session, event: Event) -> None:
        moved = actions.follow_case(session, ground, event, now=now())
        kin.note_root(session, event)
        if moved is not None:
            supporting.tell_supporters(session, ground, moved, event, now=now())
            kin.tell_duplicates(session, ground, moved, event, now=now())

    def media_stored(session: Session, event: Event) -> None:
        actions.keep_photo(session, ground, event)

    def media_removed(session: Session, event: Event) -> None:
        actions.drop_photo(session, ground, event)

    def message_requested(session: Session, event: Event) -> None:
        actions.queue_message(session, ground, event, now=now())

    def to_an_office(session: Session, event: Event) -> None:
        of = {"notice": actions.queue_notice, "letter": actions.queue_letter}
        of[event.type.partition(".")[0]](session, event, now=now())

    return {
        "request.routed.v1": request_routed,
        "case.moved.v1": case_moved,
        "case.split.v1": _splits(ground, now),
        "media.stored.v1": media_stored,
        "media.removed.v1": media_removed,
        "message.requested.v1": message_requested,
        "notice.requested.v1": to_an_office,
        "letter.requested.v1": to_an_office,
    }


def _splits(ground: actions.Ground, now: Callable[[], datetime]) -> Handler:
    def case_split(session: Session, event: Event) -> None:
        splitting.make_parts(session, ground, event, now=now())

    return case_split
