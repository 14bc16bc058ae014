"""The cities that are served, by their packs: zones, names, and what day it is there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from servicekit.errors import BadInput, NotFound
from servicekit.packs import Pack, text

from metrics.domain.figures import Period

DEFAULT_DAYS = 30


@dataclass(frozen=True)
class Names:
    """How a city calls what it has codes for, by dimension and code."""

    by_code: Mapping[str, Mapping[str, str]]

    def of(self, group: Mapping[str, object]) -> str | None:
        """Return the name of a group's last key, None when it has none."""
        *_, (key, code) = group.items()
        return self.by_code.get(key, {}).get(str(code))


@dataclass(frozen=True)
class Cities:
    """The city packs that this site serves."""

    packs: Mapping[str, Pack]

    def named(self, jurisdiction_id: str | None) -> Pack:
        """Return the pack; the only one needs no name.

        Raises BadInput when several cities are served and none is named, NotFound when there is
        no such city.
        """
        if jurisdiction_id is None:
            if len(self.packs) != 1:
                raise BadInput("jurisdiction_id is missing: this site serves several")
            return next(iter(self.packs.values()))
        if jurisdiction_id not in self.packs:
            raise NotFound(f"jurisdiction_id {jurisdiction_id} was not found")
        return self.packs[jurisdiction_id]

    @property
    def zones(self) -> dict[str, str]:
        """The time zone of each city."""
        return {name: pack.city.time_zone for name, pack in self.packs.items()}


def names_of(pack: Pack, language: str | None = None) -> Names:
    """Return how a city calls its departments, services and districts."""
    return Names(
        {
            "department": {
                code: text(one.name, language) for code, one in pack.departments.items()
            },
            "service_code": {
                code: text(one.service_name, language) for code, one in pack.services.items()
            },
            "district": {place.code: place.name for place in pack.districts},
        }
    )


def period_of(pack: Pack, first: date | None, last: date | None, now: datetime) -> Period:
    """Return the days meant: ``last`` is today in the city and ``first`` 29 days before it."""
    last = last or now.astimezone(pack.city.zone).date()
    try:
        return Period(first or last - timedelta(days=DEFAULT_DAYS - 1), last)
    except OverflowError:
        raise BadInput("to is too early") from None
