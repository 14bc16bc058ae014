"""Who may speak for a department on the log, and where."""

from collections.abc import Mapping
from dataclasses import dataclass

SHARED_TOPIC = "department-updates"
SHARED, OWN, BOTH, NONE = "shared", "own", "both", "none"
"""Where a department's system speaks: on the topic of all, its own, either, or nowhere."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """A department of a city, as somebody says or as a topic's name says."""

    jurisdiction_id: str
    department: str

    @property
    def source(self) -> str:
        """The ce_source of its updates."""
        return f"/departments/{self.jurisdiction_id}/{self.department}"

    @property
    def topic(self) -> str:
        """The topic that it alone may write to."""
        return f"{SHARED_TOPIC}.{self.jurisdiction_id}.{self.department}"


def is_for_updates(topic: str) -> bool:
    """Whether departments speak there."""
    return topic == SHARED_TOPIC or owner_of(topic) is not None


def owner_of(topic: str) -> Speaker | None:
    """Return the department whose own topic it is; None when it is nobody's.

    A jurisdiction_id has dots, a department has none.
    """
    begin, found, rest = topic.partition(f"{SHARED_TOPIC}.")
    jurisdiction_id, _, department = rest.rpartition(".")
    return Speaker(jurisdiction_id, department) if found and not begin else None


def has_own_topic(updates: Mapping[str, str], department: str) -> bool:
    """Whether a department has a topic of its own to speak on."""
    return updates.get(department, SHARED) in (OWN, BOTH)


def silenced(speaker: Speaker, source: str, topic: str, updates: Mapping[str, str]) -> str | None:
    """Return why this may not be said in the name of ``speaker``; None when it may.

    ``updates`` says where each department of the city speaks. A topic of one department is that
    department's word, whatever is written in it.
    """
    owner = owner_of(topic)
    if owner not in (None, speaker):
        return f"an update on {topic} cannot speak for {speaker.department}"
    if source.startswith("/departments/") and source != speaker.source:
        return f"an update from {source} cannot speak for {speaker.department}"
    where = updates.get(speaker.department, SHARED)
    if where == NONE:
        return f"{speaker.department} has no system of its own: updates is none in the city's pack"
    if where == OWN and owner is None:
        return f"{speaker.department} speaks on {speaker.topic} only"
    return None
