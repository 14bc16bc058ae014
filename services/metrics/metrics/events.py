"""The Kafka door: every event that says something of a case goes into its fact."""

from collections.abc import Mapping
from dataclasses import dataclass

from servicekit.consumer import Handler
from servicekit.events import Event
from sqlalchemy.orm import Session

from metrics import actions, wire


@dataclass(frozen=True)
class Hearing:
    """The one handler; ``zones`` names the time zone of each jurisdiction."""

    zones: Mapping[str, str]

    def on_event(self, session: Session, event: Event) -> None:
        """Fold one event into its fact."""
        said = wire.heard(event)
        if said is not None:
            actions.hear(session, [said], self.zones)


def handlers(zones: Mapping[str, str]) -> Mapping[str, Handler]:
    """Return the handler of each event type that metrics hears."""
    return dict.fromkeys(wire.READERS, Hearing(zones).on_event)
