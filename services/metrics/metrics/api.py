"""The HTTP door: one method per operationId of contracts/openapi/metrics.yaml."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from servicekit.errors import BadInput, NotFound
from servicekit.packs import Pack, text
from servicekit.web import Answer
from sqlalchemy.orm import Session, sessionmaker

from metrics import actions, domain, wire

DEFAULT_DAYS = 30
BY = {
    "day": "day",
    "department": "department",
    "service": "service_code",
    "district": "district",
    "channel": "channel",
}
CSV = "text/csv; charset=utf-8; header=present"


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


def read_period(asked: Mapping[str, Any], pack: Pack, now: datetime) -> domain.Period:
    """Return the days asked for; ``to`` is today and ``from`` 29 days earlier when not given."""
    last = _day(asked, "to") or now.astimezone(ZoneInfo(pack.city.time_zone)).date()
    return domain.Period(_day(asked, "from") or _earlier(last), last)


def _earlier(last: date) -> date:
    try:
        return last - timedelta(days=DEFAULT_DAYS - 1)
    except OverflowError:
        raise BadInput("to is too early") from None


def _day(asked: Mapping[str, Any], name: str) -> date | None:
    if asked.get(name) is None:
        return None
    try:
        return date.fromisoformat(asked[name])
    except ValueError:
        raise BadInput(f"{name} must be a day as YYYY-MM-DD") from None


def names_of(pack: Pack, language: str | None = None) -> wire.Names:
    """Return how a city calls its departments, services and districts."""
    return wire.Names(
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


@dataclass(frozen=True)
class Api:
    """What the document's operations call."""

    db: sessionmaker[Session]
    book: domain.Book
    cities: Cities
    now: Callable[[], datetime]

    def get_figures(self, **asked: Any) -> Answer | dict[str, Any]:
        """Return figures in the format that the query asks for."""
        return self._figures(asked, asked.get("format", "json"))

    def get_figures_as(self, extension: str, **asked: Any) -> Answer | dict[str, Any]:
        """Return figures in the format that the path asks for."""
        return self._figures(asked, extension)

    def _figures(self, asked: Mapping[str, Any], form: str) -> Answer | dict[str, Any]:
        pack = self.cities.named(asked.get("jurisdiction_id"))
        question = domain.Question(
            jurisdiction_id=pack.jurisdiction_id,
            period=read_period(asked, pack, self.now()),
            by=BY[asked["by"]] if asked.get("by") else None,
            only={name: asked[name] for name in domain.DIMENSIONS if asked.get(name)},
        )
        wanted = asked.get("figure") or list(self.book.figures)
        with self.db() as session:
            answers = actions.figures(session, self.book, wanted, question)
        if form == "csv":
            return Answer(body=wire.figures_csv(question, answers), media_type=CSV)
        shaped: dict[str, Any] = wire.figures_json(
            question, pack.city.time_zone, answers, names_of(pack)
        )
        return shaped

    def get_definitions(self) -> Mapping[str, Any]:
        """Return contracts/figures.yaml."""
        return self.book.document
