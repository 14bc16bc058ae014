"""The pages behind a mailed link: a party answers, a department without software does its work.

The secret in the address is the whole authority: no session, no cookie, nothing that a browser
sends by itself and another site could ride on. To look changes nothing, so a mail server that
opens every link to see where it leads does no harm. Nothing is cached, indexed or told to other
sites as a referrer. A link that is over says so and nothing more.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import flask
from servicekit import pages
from servicekit.db import Now
from servicekit.errors import NotFound, ServiceError
from servicekit.limits import Limit, Limiter
from servicekit.packs import Pack
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response

from routing import actions, store
from routing.actions import Handover, Opened, PartySays
from routing.domain import Order, needs
from routing.domain.links import PARTY, LinkStanding
from routing.pages import forms, view, words
from routing.pages.forms import Given, NotKept
from routing.pages.gate import Gate

FOLDER = Path(__file__).parents[1]
MAX_BODY_BYTES = 112 << 20  # five photos as large as media takes them
GONE = 410
A_LINK = Limit(20, 30)  # so often one link may be answered, from wherever
_MEDIA_ID = re.compile(r"[a-f0-9]{64}")
Answer = tuple[str, int]


@dataclass(frozen=True, kw_only=True)
class AnswerPages:
    """Answers /desk/answer/…; ``keep`` and ``fetch`` are the ways to media and back."""

    db: sessionmaker[Session]
    desk: actions.Desk
    packs: Mapping[str, Pack]
    keep: Callable[..., str]
    fetch: Callable[[str], bytes | None]
    now: Now
    gate: Gate | None = None
    limiter: Limiter | None = None

    def app(self) -> flask.Flask:
        """Return the Flask application."""
        brands = [pages.Brand.of(pack) for pack in self.packs.values()]
        app = pages.site("routing", prefix="/desk", folder=FOLDER, brands=brands)
        app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
        root = "/desk/answer/<secret>"
        app.add_url_rule(root, "ask", self.ask, methods=["GET"])
        app.add_url_rule(root, "answer", self.answer, methods=["POST"])
        app.add_url_rule(f"{root}/photos/<media_id>.jpg", "photo", self.photo)
        app.after_request(_keep_quiet)
        if self.gate:
            self.gate.add_to(app)
        return app

    def ask(self, secret: str) -> Answer:
        """Show the case, or that the link is over."""
        try:
            with self.db() as session:
                opened = actions.open_link(session, secret, now=self.now())
                return self._show(session, opened, Given(once=forms.new_once()))
        except NotFound:
            return flask.render_template("link_unknown.html"), 404

    def answer(self, secret: str) -> Answer | Response:
        """Take a form; what cannot be taken comes back with what was typed."""
        try:
            with self.db() as session:
                opened = actions.open_link(session, secret, now=self.now())
            pack = self._pack(opened)
        except NotFound:
            return flask.render_template("link_unknown.html"), 404
        self._charge(opened)
        pages.speak(pages.Brand.of(pack), opened.link.language)
        if opened.standing is not LinkStanding.OPEN:
            return self.ask(secret)
        given, files = forms.read(flask.request.form), forms.files_of(_files())
        take = self._take_party if opened.link.kind == PARTY else self._take_department
        problems = take(opened, given, files)
        if problems:
            with self.db() as session:
                opened = actions.open_link(session, secret, now=self.now())
                body, _ = self._show(session, opened, replace(given, problems=problems))
            return body, 400
        return flask.redirect(flask.url_for("ask", secret=secret, noted=given.move or None), 303)

    def photo(self, secret: str, media_id: str) -> flask.Response:
        """Show a photo of the case, also one that the public does not see."""
        try:
            with self.db() as session:
                opened = actions.open_link(session, secret, now=self.now())
                known = self._photos(session, opened)
        except NotFound:
            flask.abort(404)
        found = (
            self.fetch(media_id) if media_id in known and _MEDIA_ID.fullmatch(media_id) else None
        )
        if found is None:
            flask.abort(404)
        return flask.Response(found, content_type="image/jpeg")

    # --- what is shown

    def _pack(self, opened: Opened) -> Pack:
        found = self.packs.get(opened.link.jurisdiction_id)
        if found is None:  # a city that this deployment serves no more
            raise NotFound("there is no such link")
        return found

    def _show(self, session: Session, opened: Opened, given: Given) -> Answer:
        pack, link = self._pack(opened), opened.link
        language = pages.speak(pages.Brand.of(pack), link.language)
        if opened.standing is not LinkStanding.OPEN:
            over = {"standing": opened.standing.value, "link": link}
            return flask.render_template("link_over.html", **over), GONE
        report = store.report_of(session, opened.case)
        common = {
            **view.what(opened, pack, report, language),
            "link": link,
            "given": given,
            "problems": given.problems,
            "words_max": forms.WORDS_MAX,
            "photos_max": forms.PHOTOS_MAX,
            "photo": lambda media_id: flask.url_for("photo", secret=_secret(), media_id=media_id),
        }
        if link.kind == PARTY:
            shown = self._of_party(opened, report)
            return flask.render_template("link_party.html", **common, **shown), 200
        more = self._of_department(session, opened, report, language)
        return flask.render_template("link_department.html", **common, **more), 200

    def _of_party(self, opened: Opened, report: Mapping[str, Any]) -> dict[str, Any]:
        """What the citizen wrote is shown to a party only where everybody may read it."""
        pack = self._pack(opened)
        language, code = flask.g.language, opened.case.service_code
        public = opened.case.visibility == "public"
        asked = view.answers(pack, report, code, language, private=False) if public else []
        return {
            "description": report["description"] if public else None,
            "attributes": asked,
            "before": report["media"] if public else [],
            "choices": _translated(words.ANSWERS),
        }

    def _of_department(
        self, session: Session, opened: Opened, report: Mapping[str, Any], language: str
    ) -> dict[str, Any]:
        pack, case = self._pack(opened), opened.case
        city = self.desk.city(case.jurisdiction_id)
        moves = store.moves_of(session, case)
        steps = view.steps(moves, pack, language)
        noted = flask.request.args.get("noted")
        may = {move.name: move for move in opened.moves if move.name in forms.FIELDS}
        last = moves[-1] if moves else None
        mine = last is not None and last.key_name == f"link:{opened.link.link_id}"
        actor, stands = actions.actor_of(opened.link), actions.standing(case)
        return {
            "description": report["description"],
            "attributes": view.answers(pack, report, case.service_code, language, private=True),
            "before": report["media"],
            "steps": steps,
            "deadlines": view.deadlines(opened, city, language),
            "noted": bool(noted and mine),
            "forms_of": {
                name: {
                    "title": pages.gettext(words.DO[name][0]),
                    "hint": pages.gettext(words.DO[name][1]),
                    "fields": forms.FIELDS[name],
                    "needs": needs(stands, may[name], actor, city),
                    "outcomes": view.outcomes(pack, may[name].target or "", language),
                }
                for name in words.DO
                if name in may
            },
            "departments": view.departments(pack, case.department, language),
            "parties": view.parties(pack, language),
            "waiting_for": {who: pages.gettext(said) for who, said in words.WAITING_FOR.items()},
        }

    def _photos(self, session: Session, opened: Opened) -> set[str]:
        """Return the photos that this link shows: none of a link that is over."""
        case = opened.case
        if opened.standing is not LinkStanding.OPEN:
            return set()
        reported = set(store.report_of(session, case)["media"])
        if opened.link.kind == PARTY:
            return reported if case.visibility == "public" else set()
        return reported.union(*(row.media for row in store.moves_of(session, case)))

    # --- what is taken

    def _charge(self, opened: Opened) -> None:
        if self.limiter is None:
            return
        try:
            self.limiter.charge(f"link:{opened.link.link_id}", A_LINK)
        except ServiceError as refusal:
            raise TooManyRequests(retry_after=getattr(refusal, "retry_after_s", 60)) from None

    def _take_party(
        self, opened: Opened, given: Given, files: list[FileStorage]
    ) -> forms.Problems | None:
        problems = forms.party_problems(given, files)
        if problems:
            return problems
        link = opened.link

        def keep(file: FileStorage) -> str:
            where = {"jurisdiction_id": link.jurisdiction_id, "role": "internal"}
            return self.keep(file, **where, service_request_id=link.service_request_id)

        try:
            media = forms.keep_all(keep, files)
        except NotKept as trouble:
            return {"media": str(trouble)}
        says = PartySays(answer=given.texts["answer"], words=given.texts["words"], media=media)
        with self.db.begin() as session:
            actions.answer_as_party(session, self.desk, link, says, now=self.now())
        return None

    def _take_department(
        self, opened: Opened, given: Given, files: list[FileStorage]
    ) -> forms.Problems | None:
        city, case = self.desk.city(opened.case.jurisdiction_id), opened.case
        move = next((one for one in opened.moves if one.name == given.move), None)
        if move is None or move.name not in forms.FIELDS:
            return self._changed(opened, given)
        needed = needs(actions.standing(case), move, actions.actor_of(opened.link), city)
        problems = forms.department_problems(given, needed, city, files, case.department)
        if problems:
            return problems

        def keep(file: FileStorage) -> str:
            return self.keep(file, jurisdiction_id=case.jurisdiction_id, role="result")

        try:
            media = forms.keep_all(keep, files) if "media" in forms.FIELDS[move.name] else ()
        except NotKept as trouble:
            return {f"{move.name}-media": str(trouble)}
        return self._order(opened, given, forms.order_of(given, media))

    def _order(self, opened: Opened, given: Given, order: Order) -> forms.Problems | None:
        link, now = opened.link, self.now()
        over = None
        if order.move == "handed_over":
            over = Handover(to=forms.party_of(given, self.desk.city(link.jurisdiction_id)))
        try:
            with self.db.begin() as session:
                actions.answer_as_department(
                    session, self.desk, link, order, given.once, over, now=now
                )
        except ServiceError:
            return self._changed(opened, given)
        return None

    def _changed(self, opened: Opened, given: Given) -> forms.Problems | None:
        """Say that the case stands otherwise now; a form that was taken before is no problem."""
        with self.db() as session:
            update = f"link:{given.once}"
            if store.seen_update(session, opened.case.id, opened.link.department, update):
                return None
        return {"main": pages.gettext(words.NOT_POSSIBLE)}


def _secret() -> str:
    return str((flask.request.view_args or {})["secret"])


def _files() -> list[FileStorage]:
    return flask.request.files.getlist("media")


def _translated(choices: Mapping[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    return {
        code: (pages.gettext(title), pages.gettext(hint)) for code, (title, hint) in choices.items()
    }


def _keep_quiet(answer: flask.Response) -> flask.Response:
    """The address is a secret: no cache, no index, no referrer. Styles are no secret."""
    answer.headers.setdefault("Cache-Control", "no-store")
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
