"""Take a report back: a page that asks whether one is sure, by the secret follow address."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import flask
from servicekit import pages
from servicekit.errors import Conflict
from servicekit.packs import text
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.wrappers import Response

from intake import actions, domain, store, wire
from intake.actions.withdrawing import withdraw
from intake.pages.joining import keep_secret


@dataclass(frozen=True, kw_only=True)
class WithdrawingPages:
    """Answers /follow/<secret>/withdraw."""

    db: sessionmaker[Session]
    ground: actions.Ground
    now: Callable[[], datetime]

    def add_to(self, app: flask.Flask) -> None:
        """Add the pages to intake's application."""
        path = "/follow/<secret>/withdraw"
        app.add_url_rule(path, "withdrawing", self.ask, methods=["GET"])
        app.add_url_rule(path, "withdraw", self.withdraw, methods=["POST"])

    def ask(self, secret: str) -> Response:
        """Say what it means to take a report back, and ask for it once more."""
        with self.db.begin() as session:
            request = store.find_request(session, self._named(secret))
        if request is None:
            flask.abort(404)
        return keep_secret(self._page(request, secret))

    def withdraw(self, secret: str) -> Response:
        """Take it back; pressed twice, it is once. What is closed already says so."""
        named = self._named(secret)
        try:
            with self.db.begin() as session:
                if store.find_request(session, named) is None:
                    flask.abort(404)
                withdraw(session, self.ground, named, now=self.now())
        except Conflict:
            answer = self.ask(secret)
            answer.status_code = 409
            return answer
        return flask.redirect(flask.url_for("follow", secret=secret), 303)

    def _named(self, secret: str) -> str:
        """Return the id that a secret is good for; nobody else learns that it is there."""
        found = wire.followed(self.ground.secret_key, secret)
        return found if found is not None else flask.abort(404)

    def _page(self, request: domain.Request, secret: str) -> str:
        pack = self.ground.pack(request.jurisdiction_id)
        language = pages.speak(pages.Brand.of(pack), request.language)
        service = pack.services.get(request.service_code)
        return flask.render_template(
            "withdraw.html",
            request=request,
            secret_part=secret,
            service=text(service.service_name, language) if service else request.service_name,
            state=pack.words(language).states.get(request.state, request.state),
        )
