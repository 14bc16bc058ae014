"""What a city's made-up reports are made of: demo.yaml of its pack, or the bare services."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ruamel.yaml import YAML
from servicekit.packs import Pack, text

PLAIN_REPLIES: Final = ("…",)


@dataclass(frozen=True, slots=True)
class HotSpot:
    """A place where more is reported: degrees, metres, share of all reports."""

    lat: float
    long: float
    radius_m: float
    share: float
    services: tuple[str, ...]


@dataclass(frozen=True)
class Vocabulary:
    """demo.yaml of a pack; what it does not say is plain."""

    streets: Sequence[str] = ()
    hot_spots: Sequence[HotSpot] = ()
    weights: Mapping[str, float] = field(default_factory=dict)
    seasons: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    pace: Mapping[str, float] = field(default_factory=dict)
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)
    replies: Mapping[str, Sequence[str]] = field(default_factory=dict)
    evaluation: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def season(self, service_code: str, month: int) -> float:
        """Return how much more often than usual a service is reported in a month."""
        return float(self.seasons.get(service_code, {}).get(month, 1.0))

    def replies_to(self, move: str) -> Sequence[str]:
        """Return what departments say with a move."""
        return self.replies.get(move) or PLAIN_REPLIES

    def words_of(self, pack: Pack, service_code: str) -> Sequence[str]:
        """Return what citizens say about a service."""
        service = pack.services[service_code]
        return self.words.get(service_code) or (text(service.description, pack.city.language),)


def read_vocabulary(pack: Pack) -> Vocabulary:
    """Read demo.yaml of a pack; an absent one is an empty one."""
    path = pack.folder / "demo.yaml"
    if not path.exists():
        return Vocabulary()
    said: dict[str, Any] = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    spots = [
        HotSpot(**{**spot, "services": tuple(spot["services"])})
        for spot in ({k: v for k, v in one.items() if k != "name"} for one in said["hot_spots"])
        if all(code in pack.services for code in spot["services"])
    ]
    return Vocabulary(**{**said, "hot_spots": spots})
