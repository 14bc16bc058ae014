"""The HTTP door: one method per operationId of contracts/openapi/metrics.yaml."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from servicekit.packs import Pack
from servicekit.web import Answer
from sqlalchemy.orm import Session, sessionmaker

from metrics import actions, domain, wire

BY = {
    "day": "day",
    "department": "department",
    "service": "service_code",
    "district": "district",
    "channel": "channel",
}
CSV = "text/csv; charset=utf-8; header=present"
GEOJSON = "application/geo+json"


@dataclass(frozen=True)
class Api:
    """What the document's operations call."""

    db: sessionmaker[Session]
    book: domain.Book
    cities: domain.Cities
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
            period=self._period(pack, asked),
            by=BY[asked["by"]] if asked.get("by") else None,
            only=wire.read_only(asked),
        )
        wanted = asked.get("figure") or list(self.book.figures)
        with self.db() as session:
            answers = actions.figures(session, self.book, wanted, question)
        if form == "csv":
            return Answer(body=wire.figures_csv(question, answers), media_type=CSV)
        shaped: dict[str, Any] = wire.figures_json(
            question, pack.city.time_zone, answers, domain.names_of(pack)
        )
        return shaped

    def _period(self, pack: Pack, asked: Mapping[str, Any]) -> domain.Period:
        first, last = wire.read_day(asked, "from"), wire.read_day(asked, "to")
        return domain.period_of(pack, first, last, self.now())

    def get_definitions(self) -> Mapping[str, Any]:
        """Return contracts/figures.yaml."""
        return self.book.document

    def get_open_data(self, extension: str, **asked: Any) -> Answer:
        """Return the public requests of a period, rounded and thinned as the city says."""
        pack = self.cities.named(asked.get("jurisdiction_id"))
        with self.db() as session:
            rows = actions.open_data(session, pack, self._period(pack, asked))
        if extension == "csv":
            return Answer(body=wire.open_csv(rows, domain.names_of(pack)), media_type=CSV)
        features = wire.open_geojson(rows, domain.names_of(pack))
        return Answer(body=orjson.dumps(features), media_type=GEOJSON)
