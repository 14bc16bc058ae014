"""The page behind the link in the invitation: what was done, is it solved, and what follows.

The secret in the address is the whole authority: no session, no cookie, nothing to forge from
another site. Nothing is cached, indexed or told to other sites as a referrer.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flask
from servicekit import pages
from servicekit.db import Now
from servicekit.errors import NotFound
from servicekit.packs import text
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from feedback import actions, wire
from feedback.domain import RATINGS, WORDS_MAX, BadAnswer, Evaluation, NotOpen, Standing
from feedback.pages.words import PROBLEMS

HERE = Path(__file__).parent
MAX_BODY_BYTES = 256 * 1024
STATUS = {Standing.EXPIRED: 410}
NOTHING: Mapping[str, Any] = {"solved": None, "rating": None, "reasons": [], "words": ""}
RATINGS_WRITTEN = frozenset(str(rating) for rating in RATINGS)
Counted = Callable[[str, Evaluation], None]


@dataclass(frozen=True, kw_only=True)
class Pages:
    """Answers /evaluate/…; ``evaluated`` counts evaluations."""

    db: sessionmaker[Session]
    desk: actions.Desk
    now: Now
    evaluated: Counted

    def app(self) -> flask.Flask:
        """Return the Flask application."""
        brands = [pages.Brand.of(pack) for pack in self.desk.packs.values()]
        app = pages.site("feedback", prefix="/evaluate", folder=HERE, brands=brands)
        app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
        app.add_url_rule("/evaluate/<secret>", "ask", self.ask, methods=["GET"])
        app.add_url_rule("/evaluate/<secret>", "answer", self.answer, methods=["POST"])
        app.after_request(_keep_quiet)
        return app

    def ask(self, secret: str) -> tuple[str, int]:
        """Show what an invitation asks about, or where it stands when it is over."""
        return self._show(secret, given=NOTHING, faults=())

    def answer(self, secret: str) -> tuple[str, int] | Response:
        """Take the form; what cannot be taken comes back with what was typed."""
        fields = _fields(flask.request.form)
        try:
            with self.db.begin() as session:
                answered, first = actions.evaluate(
                    session, self.desk, secret, fields, now=self.now()
                )
        except BadAnswer as refusal:
            body, _ = self._show(secret, given=fields, faults=refusal.faults)
            return body, 400
        except (NotFound, NotOpen):
            return self.ask(secret)
        if first and answered.evaluation:
            self.evaluated(answered.place.jurisdiction_id, answered.evaluation)
        return flask.redirect(flask.request.full_path.rstrip("?"), 303)

    def _show(
        self, secret: str, *, given: Mapping[str, Any], faults: Iterable[str]
    ) -> tuple[str, int]:
        now = self.now()
        try:
            with self.db() as session:
                asked = actions.open_invitation(session, self.desk, secret, now=now)
        except NotFound:
            return flask.render_template("unknown.html"), 404
        standing = asked.invitation.standing(now)
        page = flask.render_template(
            f"{standing}.html",
            **self._what_was_done(asked),
            given=given,
            problems={field: pages.gettext(PROBLEMS[field]) for field in faults},
            words_max=WORDS_MAX,
        )
        return page, STATUS.get(standing, 200)

    def _what_was_done(self, asked: actions.Asked) -> dict[str, Any]:
        invitation, resolution = asked.invitation, asked.invitation.resolution
        pack = self.desk.pack(invitation.place.jurisdiction_id)
        language = pages.speak(pages.Brand.of(pack), asked.told.language)
        return {
            "asked": asked,
            "number": invitation.place.service_request_id,
            "service": wire.service_name(pack, resolution.service_code, language),
            "department": wire.department_name(pack, resolution.department, language),
            "outcome": wire.outcome_name(pack, resolution.outcome_code, language),
            "resolution": resolution,
            "evaluation": invitation.evaluation,
            "last_day": wire.last_day(invitation, pack),
            "reopens_until": wire.policy_of(pack).reopens_until(resolution.resolved),
            "reasons": [
                (reason.code, text(reason.name, language))
                for reason in pack.city.evaluation.reasons
            ],
        }


def _fields(form: MultiDict[str, str]) -> dict[str, Any]:
    """Return what was chosen and typed as ``domain.check_answer`` takes it."""
    rating = form.get("rating", "")
    return {
        "solved": {"yes": True, "no": False}.get(form.get("solved", "")),
        "rating": int(rating) if rating in RATINGS_WRITTEN else None,
        "reasons": form.getlist("reasons"),
        "words": form.get("words", ""),
    }


def _keep_quiet(answer: flask.Response) -> flask.Response:
    """The address is a secret: no cache, no index, no referrer. Styles are no secret."""
    answer.headers.setdefault("Cache-Control", "no-store")
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
