"""The Kafka door: what feedback does when it hears of something. Topics come in any order."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from servicekit.consumer import Handler
from servicekit.db import Now
from servicekit.events import Event
from sqlalchemy.orm import Session

from feedback import actions, store, wire

Counted = Callable[[str, int], None]


@dataclass(frozen=True, kw_only=True)
class Ears:
    """One method per event type; ``invited`` counts invitations by jurisdiction."""

    desk: actions.Desk
    now: Now
    invited: Counted

    @property
    def on(self) -> Mapping[str, Handler]:
        """Return the handler of each event type."""
        return {
            "request.submitted.v1": self.on_request_submitted,
            "request.published.v1": self.on_visibility,
            "request.hidden.v1": self.on_visibility,
            "case.moved.v1": self.on_case_moved,
            "media.stored.v1": self.on_media_stored,
            "media.removed.v1": self.on_media_removed,
        }

    def on_request_submitted(self, session: Session, event: Event) -> None:
        """Keep what was reported; a resolution may have waited for it."""
        place, told = wire.place_of(event), wire.read_submission(event)
        number = actions.learn_submission(session, self.desk, place, told, now=self.now())
        self.invited(place.jurisdiction_id, number)

    def on_visibility(self, session: Session, event: Event) -> None:
        """Keep who may see the request: its photos follow it."""
        actions.learn_visibility(
            session, wire.place_of(event), event.data["visibility"], event.sequence
        )

    def on_case_moved(self, session: Session, event: Event) -> None:
        """Invite when the case was resolved; take an invitation back when it is worked on again."""
        place, state = wire.place_of(event), event.data["to"]
        number = actions.learn_move(
            session,
            self.desk,
            place,
            state=state,
            resolution=wire.read_resolution(event) if state == "resolved" else None,
            sequence=event.sequence,
            now=self.now(),
        )
        self.invited(place.jurisdiction_id, number)

    def on_media_stored(self, session: Session, event: Event) -> None:
        """Keep where a photo is served."""
        store.save_photo(session, wire.place_of(event), wire.read_photo(event), event.time)

    def on_media_removed(self, session: Session, event: Event) -> None:
        """Forget a photo."""
        store.remove_photo(session, wire.place_of(event), event.data["media_id"])
