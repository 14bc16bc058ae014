"""Me too: join a report by a small form on its page, and leave it by a secret address."""

import dataclasses
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import flask
from servicekit import georeport, pages
from servicekit.errors import NotFound, Refusals, ServiceError
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.wrappers import Response

from intake import actions, domain, store, wire
from intake.actions import supporting
from intake.domain.supporters import Supporter
from intake.pages.words import FIELDS

TRAP = "website"  # people do not see this field; programs that fill in everything do
_ONCE = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, kw_only=True)
class Joining:
    """What a report's page says about those who joined it.

    ``open`` shows the form, ``leaving`` the button of one who did; ``notice`` is joined, mailed
    or left.
    """

    count: int = 0
    open: bool = False
    leaving: bool = False
    notice: str = ""
    once: str = ""
    email: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)
    trap: str = TRAP


class Show(Protocol):
    """How a report's page is made."""

    def __call__(
        self, request: domain.Request, joining: Joining, /, *, language: str | None = None
    ) -> str:
        """Return the page, in the language preferred."""


def joining_of(
    session: Session, request: domain.Request, *, leaving: bool = False, email: str = ""
) -> Joining:
    """Return what a public report's page says about those who joined it."""
    counted = store.count_supporters(session, [request.service_request_id])
    return Joining(
        count=counted.get(request.service_request_id, 0),
        open=not leaving and request.status == "open",
        leaving=leaving,
        once=secrets.token_hex(16),
        notice=next((one for one in ("joined", "mailed", "left") if one in flask.request.args), ""),
        email=email,
    )


@dataclass(frozen=True, kw_only=True)
class JoiningPages:
    """Answers /reports/<service_request_id>/support and /support/<secret>."""

    db: sessionmaker[Session]
    ground: actions.Ground
    now: Callable[[], datetime]
    show: Show

    def add_to(self, app: flask.Flask) -> None:
        """Add the pages to intake's application."""
        app.add_url_rule(
            "/reports/<service_request_id>/support", "join", self.join, methods=["POST"]
        )
        app.add_url_rule("/support/<secret>", "supported", self.supported, methods=["GET"])
        app.add_url_rule("/support/<secret>", "leave", self.leave, methods=["POST"])

    def join(self, service_request_id: str) -> Response | tuple[str, int]:
        """Take one in who joins. Who left an address finds the secret one in a mail."""
        with self.db.begin() as session:
            request = store.find_request(session, georeport.clean(service_request_id))
        if request is None or request.visibility != "public":
            flask.abort(404)
        given = flask.request.form
        back = flask.url_for("report", service_request_id=request.service_request_id)
        if given.get(TRAP):
            return flask.redirect(back, 303)
        try:
            supporter = self._supporter(request)
            with self.db.begin() as session:
                supporting.join(session, self.ground, supporter, now=self.now())
        except Refusals:
            return self._once_more(request), 400
        except ServiceError:  # it was closed meanwhile; its page says so
            return flask.redirect(back, 303)
        if supporter.who.email is not None:
            return flask.redirect(f"{back}{'&' if '?' in back else '?'}mailed=1", 303)
        secret = wire.support_secret(self.ground.secret_key, supporter.supporter_id)
        return flask.redirect(flask.url_for("supported", secret=secret, joined=1), 303)

    def supported(self, secret: str) -> Response:
        """Show the report to one who joined it, with a button to leave."""
        with self.db.begin() as session:
            supporter = supporting.whose(session, self.ground, secret)
            if supporter is None:
                flask.abort(404)
            request = store.find_request(session, supporter.service_request_id)
            if request is None:
                flask.abort(404)
            joining = joining_of(session, request, leaving=True)
        if request.visibility == "public":
            page = self.show(request, joining, language=supporter.language)
        else:
            pack = self.ground.pack(request.jurisdiction_id)
            pages.speak(pages.Brand.of(pack), supporter.language)
            page = flask.render_template("leave.html", joining=joining)
        return keep_secret(page)

    def leave(self, secret: str) -> Response:
        """Forget one who joined."""
        try:
            with self.db.begin() as session:
                gone = supporting.leave(session, self.ground, secret)
                request = store.find_request(session, gone.service_request_id)
        except NotFound:
            flask.abort(404)
        if request is not None and request.visibility == "public":
            return flask.redirect(
                flask.url_for("report", service_request_id=gone.service_request_id, left=1), 303
            )
        return flask.redirect(flask.url_for("city", jurisdiction_id=gone.jurisdiction_id), 303)

    def _supporter(self, request: domain.Request) -> Supporter:
        """Return who joins by this form; the same form sent twice is the same one."""
        given = flask.request.form
        once = given.get("once", "")
        once = once if _ONCE.fullmatch(once) else secrets.token_hex(16)
        named = f"support-once:{once}:{request.service_request_id}".encode()
        digest = hmac.new(self.ground.secret_key.encode(), named, hashlib.sha256).hexdigest()
        pack = self.ground.pack(request.jurisdiction_id)
        return Supporter(
            supporter_id=digest[:32],
            service_request_id=request.service_request_id,
            jurisdiction_id=request.jurisdiction_id,
            language=pages.speak(pages.Brand.of(pack)),
            who=wire.read_supporter(wire.Fields([("email", given.get("email", ""))])),
        )

    def _once_more(self, request: domain.Request) -> str:
        with self.db.begin() as session:
            joining = joining_of(session, request, email=flask.request.form.get("email", ""))
        field = "email"
        problems = {field: pages.gettext(FIELDS[field])}
        return self.show(request, dataclasses.replace(joining, problems=problems))


def keep_secret(page: str) -> Response:
    """Return a page that is meant for one person: kept nowhere, found by nobody."""
    answer = flask.make_response(page)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer
