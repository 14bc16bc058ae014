"""The mailbox's pages: what was reported, one report with its history.

A follow address is a secret that needs no password: it shows its request whoever may see it.
Every other page shows only what is public.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import flask
from servicekit import georeport, pages
from servicekit.packs import Pack, text
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.wrappers import Response

from intake import actions, domain, store, wire
from intake.definitions import Definitions
from intake.domain import withdrawals
from intake.pages.gate import Gate
from intake.pages.joining import Joining, JoiningPages, joining_of, keep_secret
from intake.pages.kin import beside
from intake.pages.report_form import Keep, ReportForm
from intake.pages.withdrawing import WithdrawingPages

HERE = Path(__file__).parent
SHOWN = 30
LIKE_IT = 3
_TAGS = {"resolved": "good", "closed": "good", "refused": "warn", "withdrawn": "warn"}
_RECENT = timedelta(days=domain.SEARCH_DAYS)


@dataclass(frozen=True, kw_only=True)
class Pages:
    """Answers /, /cities/…, /reports/…, /follow/… and /docs/; ``keep`` keeps a photo."""

    db: sessionmaker[Session]
    ground: actions.Ground
    keep: Keep
    definitions: Definitions
    now: Callable[[], datetime]
    gate: Gate | None = None

    def app(self) -> flask.Flask:
        """Return the Flask application."""
        brands = [pages.Brand.of(pack) for pack in self.ground.packs.values()]
        app = pages.site("intake", prefix="/mailbox", folder=HERE, brands=brands)
        app.add_url_rule("/", "home", self.home)
        app.add_url_rule("/cities/<jurisdiction_id>", "city", self.city)
        app.add_url_rule("/reports/", "find", self.find)
        app.add_url_rule("/reports/<service_request_id>", "report", self.report)
        app.add_url_rule("/follow/<secret>", "follow", self.follow)
        app.add_url_rule("/docs/", "docs", self.docs)
        app.register_error_handler(404, _unknown)
        if self.gate:
            self.gate.add_to(app)
        JoiningPages(db=self.db, ground=self.ground, now=self.now, show=self._show).add_to(app)
        WithdrawingPages(db=self.db, ground=self.ground, now=self.now).add_to(app)
        ReportForm(
            db=self.db,
            ground=self.ground,
            keep=self.keep,
            definitions=self.definitions,
            now=self.now,
        ).add_to(app)
        return app

    def home(self) -> str | Response:
        """Show the cities; where there is one, its page."""
        packs = list(self.ground.packs.values())
        if len(packs) == 1:
            return flask.redirect(f"/cities/{packs[0].jurisdiction_id}", 303)
        language = flask.g.language
        cities = [(pack.jurisdiction_id, text(pack.city.name, language)) for pack in packs]
        return flask.render_template("home.html", cities=cities)

    def city(self, jurisdiction_id: str) -> str:
        """Show the newest public reports of a city."""
        pack = self.ground.packs.get(jurisdiction_id)
        if pack is None:
            flask.abort(404)
        language = pages.speak(pages.Brand.of(pack))
        search = domain.Search(
            jurisdiction_id=jurisdiction_id, start=self.now() - _RECENT, page_size=SHOWN
        )
        with self.db.begin() as session:
            found = store.search_requests(session, search)
        rows = [(request, self._told(pack, request, language)) for request in found]
        return flask.render_template("city.html", rows=rows, jurisdiction_id=jurisdiction_id)

    def find(self) -> Response:
        """Lead from a number that was typed in to its page."""
        number = georeport.clean(flask.request.args.get("number", "")).strip().upper()
        if not number or "/" in number:
            flask.abort(404)
        return flask.redirect(flask.url_for("report", service_request_id=number), 303)

    def report(self, service_request_id: str) -> str:
        """Show one public report."""
        with self.db.begin() as session:
            request = store.find_request(session, georeport.clean(service_request_id))
            if request is None or request.visibility != "public":
                flask.abort(404)
            joining = joining_of(session, request)
        return self._show(request, joining)

    def follow(self, secret: str) -> Response:
        """Show a report to whoever holds its secret address; nobody else learns of it."""
        service_request_id = wire.followed(self.ground.secret_key, secret)
        if service_request_id is None:
            flask.abort(404)
        with self.db.begin() as session:
            request = store.find_request(session, service_request_id)
            if request is None:
                flask.abort(404)
        return keep_secret(self._show(request, language=request.language, secret=secret))

    def docs(self) -> str:
        """Lead to every service's API."""
        services = (
            ("intake", pages.gettext("Reports: Open311 GeoReport v2")),
            ("media", pages.gettext("Photos")),
            ("routing", pages.gettext("Cases and deadlines")),
            ("feedback", pages.gettext("Evaluations")),
            ("metrics", pages.gettext("Figures and open data")),
        )
        return flask.render_template("docs.html", services=services)

    def _show(
        self,
        request: domain.Request,
        joining: Joining | None = None,
        /,
        *,
        language: str | None = None,
        secret: str = "",
    ) -> str:
        pack = self.ground.pack(request.jurisdiction_id)
        language = pages.speak(pages.Brand.of(pack), language)
        # Media shows a photo once it has heard of the request: not yet in the first moment.
        received = bool(secret) and "received" in flask.request.args
        visible = request.visibility == "public" and not received
        with self.db.begin() as session:
            steps = store.updates_of(session, [request.service_request_id])
            like_it = _like_it(session, pack, request) if received else []
            asked = store.withdrawal_of(session, request.service_request_id) if secret else None
            others = beside(
                session,
                self.ground,
                request,
                lambda one: self._told(pack, one, language),
                secret=bool(secret),
            )
        return flask.render_template(
            "report.html",
            request=request,
            secret=secret,
            received=received,
            told=self._told(pack, request, language),
            joining=joining,
            withdrawal=withdrawals.answer(request, asked),
            like_it=like_it,
            beside=others,
            steps=[
                (
                    pages.gettext("Somebody said")
                    if step.comment
                    else self._state(pack, step.state, language),
                    step,
                )
                for step in steps
            ],
            first_state=self._state(pack, "received", language),
            before=[*_paths(request, "report"), *request.media_url] if visible else [],
            after=_paths(request, "result") if visible else [],
        )

    def _told(self, pack: Pack, request: domain.Request, language: str) -> dict[str, str | None]:
        """Return what the pack has words for, in a language."""
        service = pack.services.get(request.service_code)
        department = pack.departments.get(request.department or "")
        return {
            "service": text(service.service_name, language) if service else request.service_name,
            "department": text(department.name, language)
            if department
            else request.agency_responsible,
            "state": self._state(pack, request.state, language),
            "tag": _TAGS.get(request.state, ""),
        }

    @staticmethod
    def _state(pack: Pack, state: str, language: str) -> str:
        return pack.words(language).states.get(state, state)


def _like_it(session: Session, pack: Pack, request: domain.Request) -> list[store.Near]:
    """Return open public requests near a new one that may tell of the same, nearest first."""
    service = pack.services.get(request.service_code)
    if service is None or request.place.lat is None or request.place.long is None:
        return []
    spot = store.Spot(request.place.lat, request.place.long, service.duplicate_radius_m)
    found = store.open_nearby(
        session, pack.jurisdiction_id, request.service_code, spot, limit=LIKE_IT + 1
    )
    others = [near for near in found if near.request != request]
    return others[:LIKE_IT]


def _paths(request: domain.Request, role: str) -> list[str]:
    """Return photos by path: pages and photos share one address."""
    return [photo.path or "" for photo in request.shown_photos(role)]


def _unknown(_: Exception) -> tuple[str, int]:
    return flask.render_template("unknown.html"), 404
