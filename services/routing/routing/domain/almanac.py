"""A calendar written down, so that a deadline of years ago can still be reckoned as it was."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from routing.domain.worktime import Calendar, Minutes

YEARS = range(2000, 2051)
"""Holidays are written down for these years; a fixed span, so that it changes no version."""


@dataclass(frozen=True, kw_only=True)
class Almanac:
    """Hours by weekday (0 is Monday) and holidays by day, with the zone that they stand in."""

    version: str
    time_zone: str
    hours: Mapping[int, Minutes]
    holidays: Mapping[date, str]

    @property
    def exact_version(self) -> str:
        """The pack's version with the beginning of a hash of all it says.

        Who changes a calendar without giving it a new version, or gets other public holidays by
        an update, still has two versions here.
        """
        said = {key: value for key, value in self.data().items() if key != "version"}
        digest = hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()
        return f"{self.version}+{digest[:8]}"

    def calendar(self) -> Calendar:
        """Return the calendar that was written down."""
        return Calendar(
            version=self.exact_version,
            zone=ZoneInfo(self.time_zone),
            hours_on=lambda day: () if day in self.holidays else self.hours.get(day.weekday(), ()),
            holiday=self.holidays.get,
        )

    def data(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {
            "version": self.version,
            "time_zone": self.time_zone,
            "hours": {str(day): hours for day, hours in self.hours.items()},
            "holidays": {day.isoformat(): name for day, name in self.holidays.items()},
        }

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> "Almanac":
        """Return what ``data`` gave."""
        return cls(
            version=data["version"],
            time_zone=data["time_zone"],
            hours={
                int(day): tuple((begins, ends) for begins, ends in hours)
                for day, hours in data["hours"].items()
            },
            holidays={date.fromisoformat(day): name for day, name in data["holidays"].items()},
        )
