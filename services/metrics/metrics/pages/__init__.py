"""The ombudsman's panel: the six figures of one city over one period, beside the one before.

Everything is drawn on the server; the page needs no JavaScript and asks nothing of other sites.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import flask
from servicekit import pages
from servicekit.errors import BadInput, NotFound
from servicekit.packs import Pack, text
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.wrappers import Response

from metrics import actions, domain, wire
from metrics.pages import charts, view, words

HERE = Path(__file__).parent
STYLE = (HERE / "static" / "panel.css").read_bytes()
STYLE_NAME = f"panel-{hashlib.sha256(STYLE).hexdigest()[:12]}.css"
KEPT_S = 31_536_000


@dataclass(frozen=True)
class Panel:
    """Answers /panel/…."""

    db: sessionmaker[Session]
    book: domain.Book
    cities: domain.Cities
    now: Callable[[], datetime]

    def app(self) -> flask.Flask:
        """Return the Flask application."""
        app = pages.site("metrics", prefix="/panel", folder=HERE, brands=self._brands().values())
        app.jinja_env.filters.update(
            duration=words.duration, rating=words.rating, share=words.share, channel=words.channel
        )
        app.jinja_env.globals.update(
            change=words.change, preset_name=words.preset, stack=view.stack, whole=view.whole
        )
        app.add_url_rule("/panel", "cities", self.show_cities)
        app.add_url_rule("/panel/", "cities_too", self.show_cities)
        app.add_url_rule(f"/panel/{STYLE_NAME}", "panel_style", _style)
        app.add_url_rule("/panel/<jurisdiction_id>", "panel", self.show)
        return app

    def _brands(self) -> dict[str, pages.Brand]:
        return {name: pages.Brand.of(pack) for name, pack in self.cities.packs.items()}

    def show_cities(self) -> str | Response:
        """Let the reader choose a city; the only one needs no choosing."""
        if len(self.cities.packs) == 1:
            return flask.redirect(f"/panel/{next(iter(self.cities.packs))}")
        return flask.render_template("cities.html", packs=self.cities.packs, **_frame())

    def show(self, jurisdiction_id: str) -> tuple[str, int]:
        """Show the panel of one city; a period that cannot be is said, and the usual one shown."""
        try:
            pack = self.cities.named(jurisdiction_id)
        except NotFound:
            flask.abort(404)
        language = pages.speak(self._brands()[jurisdiction_id])
        asked = flask.request.args
        problem, status = None, 200
        try:
            period = self._period(pack, asked)
        except BadInput:
            problem, status = pages.gettext("These days make no period."), 400
            period = self._period(pack, {})
        only = {"department": asked["department"]} if asked.get("department") else {}
        with self.db() as session:
            shown = _Shown(self, session, pack, language, period, only)
            page = flask.render_template("panel.html", problem=problem, **shown.all(), **_frame())
        return page, status

    def _period(self, pack: Pack, asked: Mapping[str, str]) -> domain.Period:
        first, last = wire.read_day(asked, "from"), wire.read_day(asked, "to")
        period = domain.period_of(pack, first, last, self.now())
        _ = period.before  # a period without one before it cannot be shown
        return period


def _style() -> Response:
    answer = flask.Response(STYLE, content_type="text/css; charset=utf-8")
    answer.headers["Cache-Control"] = f"public, max-age={KEPT_S}, immutable"
    return answer


def _frame() -> dict[str, Any]:
    return {"panel_style": f"/panel/{STYLE_NAME}"}


@dataclass(frozen=True)
class _Shown:
    """Everything that one page shows."""

    panel: Panel
    session: Session
    pack: Pack
    language: str
    period: domain.Period
    only: Mapping[str, str]

    def all(self) -> dict[str, Any]:
        names = domain.names_of(self.pack, self.language)
        figures = self._ask(None, self.panel.book.figures)
        by_day = self._ask("day", ["occurrences"])["occurrences"].groups
        by_channel = self._ask("channel", ["occurrences"])["occurrences"].groups
        by_department = self._ask("department", ["situation", "attendance_time", "satisfaction"])
        chart = view.stretches(by_day, self.period)
        places = view.lines(figures["places"].ranking, "district", names)
        counts = {line.code: int(line.now["requests"] or 0) for line in places}
        return {
            "period": self.period,
            "department": self.only.get("department"),
            "departments_known": names.by_code["department"],
            "presets": self._presets(),
            "figures": figures,
            "chart": chart,
            "columns": charts.columns([(one.now, one.before) for one in chart]),
            "channels": view.lines(_most_first(by_channel), "channel", names),
            "categories": view.lines(figures["categories"].ranking, "service_code", names),
            "category_groups": view.group_names(self.pack, self.language),
            "places": places,
            "ranks": _ranks(places),
            "map": charts.choropleth(self.pack.districts_geojson, counts),
            "place_names": names.by_code["district"],
            "departments": view.departments(by_department, names),
            "colours": view.COLOURS,
            "top": view.TOP,
            "say": self._say,
            "data_query": self._query(),
            "jurisdiction_id": self.pack.jurisdiction_id,
            "wide": True,
        }

    def _ask(self, by: str | None, names: Any) -> dict[str, domain.Answer]:
        question = domain.Question(
            jurisdiction_id=self.pack.jurisdiction_id, period=self.period, by=by, only=self.only
        )
        answers = actions.figures(self.session, self.panel.book, names, question)
        return {answer.figure.figure: answer for answer in answers}

    def _say(self, by_language: Mapping[str, str]) -> str:
        return text(by_language, self.language)

    def _presets(self) -> list[tuple[view.Preset, str]]:
        today = self.panel.now().astimezone(self.pack.city.zone).date()
        return [(one, self._link(one.period)) for one in view.presets(today)]

    def _link(self, period: domain.Period) -> str:
        kept = {name: flask.request.args[name] for name in ("lang",) if name in flask.request.args}
        return "?" + urlencode({**_days(period), **self.only, **kept})

    def _query(self) -> str:
        city = {"jurisdiction_id": self.pack.jurisdiction_id}
        return urlencode({**city, **_days(self.period), **self.only})


def _days(period: domain.Period) -> dict[str, str]:
    return {"from": period.first.isoformat(), "to": period.last.isoformat()}


def _most_first(rows: Any) -> list[domain.Row]:
    return sorted(rows, key=lambda row: (-row.values["requests"], str(row.group["channel"])))


def _ranks(places: list[view.Line]) -> dict[str, int]:
    """Return the place in the table of each district that has any."""
    named = [line.code for line in places if line.code and line.now["requests"]]
    return {code: place + 1 for place, code in enumerate(named)}
