"""Reporting by a page: choose what it is about, then say what and where. No script is needed.

The form means the same as GeoReport's POST and is read by the same ``wire.read_report``; only the
words about what is missing are a person's, in the page's language.
"""

import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO, Protocol, cast

import flask
from servicekit import pages, web
from servicekit.errors import BadInput, Refusals, ServiceError, TooLarge, Unavailable
from servicekit.packs import Pack, Service, text
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from intake import actions, domain, store, wire
from intake.definitions import Definitions
from intake.pages.words import ANSWER, FIELDS, PHOTOS, PHOTOS_AWAY, TOO_MANY_PHOTOS, WHAT_OR_PHOTO

MAX_PHOTOS = 10
MAX_BODY_BYTES = 128 << 20
TRAP = "website"  # people do not see this field; programs that fill in everything do
PAGE = "page"  # in the place of a key's id, which is longer
_TRIES = 3
_ONCE = re.compile(r"[0-9a-f]{32}")
_PLACES = frozenset({"lat", "long", "address_string", "address_id"})


class Keep(Protocol):
    """How a photo is kept; raises BadInput, TooLarge or Unavailable."""

    def __call__(
        self, file: web.Upload, /, *, jurisdiction_id: str, service_request_id: str
    ) -> domain.Photo:
        """Keep one photo of a report."""


class Problems(Exception):
    """What a person has to look at once more: words by the field's name."""

    def __init__(self, by_field: Mapping[str, str]) -> None:
        super().__init__(", ".join(by_field))
        self.by_field = by_field


@dataclass(frozen=True, kw_only=True)
class ReportForm:
    """Answers /cities/<jurisdiction_id>/report and what lies below."""

    db: sessionmaker[Session]
    ground: actions.Ground
    keep: Keep
    definitions: Definitions
    now: Callable[[], datetime]

    def add_to(self, app: flask.Flask) -> None:
        """Add the pages to intake's application."""
        root = "/cities/<jurisdiction_id>/report"
        app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
        app.add_url_rule(root, "choose", self.choose)
        app.add_url_rule(f"{root}/<path:service_code>", "ask", self.ask, methods=["GET"])
        app.add_url_rule(f"{root}/<path:service_code>", "take", self.take, methods=["POST"])

    def choose(self, jurisdiction_id: str) -> str:
        """Show what one can report, by group; words that were typed in narrow it down."""
        pack = self._pack(jurisdiction_id)
        language = pages.speak(pages.Brand.of(pack))
        wanted = flask.request.args.get("q", "").strip()
        found = [one for one in pack.services.values() if _fits(one, wanted, language)]
        groups = [
            (group, text(known.name, language), [_choice(one, language) for one in members])
            for group, known in pack.groups.items()
            if (members := [one for one in found if one.group == group])
        ]
        rest = [_choice(one, language) for one in found if one.group not in pack.groups]
        return flask.render_template(
            "choose.html", jurisdiction_id=jurisdiction_id, groups=groups, rest=rest, wanted=wanted
        )

    def ask(self, jurisdiction_id: str, service_code: str) -> str:
        """Show the form of one service."""
        pack, service = self._service(jurisdiction_id, service_code)
        return self._form(pack, service, given=MultiDict(), problems={})

    def take(self, jurisdiction_id: str, service_code: str) -> tuple[str, int] | Response:
        """Take a report in; what cannot be taken comes back with what was typed."""
        pack, service = self._service(jurisdiction_id, service_code)
        language = pages.speak(pages.Brand.of(pack))
        given = flask.request.form
        if given.get(TRAP):
            return flask.redirect(flask.url_for("city", jurisdiction_id=jurisdiction_id), 303)
        try:
            files = _files()
            report = self._read(given, files, pack, service, language)
            service_request_id = self._record(
                report,
                wire.service_of(service, language),
                pack,
                files,
                _same_form(given, service, jurisdiction_id, files),
            )
        except Problems as faults:
            return self._form(pack, service, given=given, problems=faults.by_field), 400
        secret = wire.follow_secret(self.ground.secret_key, service_request_id)
        return flask.redirect(flask.url_for("follow", secret=secret, received=1), 303)

    def _form(
        self,
        pack: Pack,
        service: Service,
        *,
        given: MultiDict[str, str],
        problems: Mapping[str, str],
    ) -> str:
        """Show the form with what was typed; it carries the version of its questions."""
        version = self.definitions.version(pack, service)
        return _form(pack, service, version, given=given, problems=problems)

    def _pack(self, jurisdiction_id: str) -> Pack:
        if jurisdiction_id not in self.ground.packs:
            flask.abort(404)
        return self.ground.packs[jurisdiction_id]

    def _service(self, jurisdiction_id: str, service_code: str) -> tuple[Pack, Service]:
        pack = self._pack(jurisdiction_id)
        if service_code not in pack.services:
            flask.abort(404)
        return pack, pack.services[service_code]

    def _read(
        self,
        given: MultiDict[str, str],
        files: Sequence[web.Upload],
        pack: Pack,
        service: Service,
        language: str,
    ) -> domain.Report:
        """Return the report that the form makes; raises Problems."""
        problems = {}
        fields = wire.Fields(given.items(multi=True))
        if not fields.get("description") and not files:
            problems["description"] = pages.gettext(WHAT_OR_PHOTO)
        if len(files) > MAX_PHOTOS:
            problems["media"] = pages.gettext(TOO_MANY_PHOTOS)
        try:
            report = self.definitions.read(
                fields, pack, service, channel="web", language=language, now=self.now()
            )
        except Refusals as refused:
            raise Problems({**problems, **_in_words(refused.descriptions, service)}) from None
        if problems:
            raise Problems(problems)
        return report

    def _record(
        self,
        report: domain.Report,
        service: domain.Service,
        pack: Pack,
        files: Sequence[web.Upload],
        once: domain.Once,
    ) -> str:
        """Keep the photos, then the request, and return its id; the same form sent twice is one.

        An id that is taken by something else is drawn anew.
        """
        prefix = pack.city.request_id_prefix
        identity = domain.new_id(prefix, wire.drawn(self.ground.secret_key, once))
        for _ in range(_TRIES):
            with self.db.begin() as session:
                first = store.first_answer(session, once)
            if first is not None:
                return first.service_request_id
            photos = [self._keep(file, report.jurisdiction_id, identity) for file in files]
            now = self.now()
            request = domain.open_request(
                report, service, photos, service_request_id=identity, now=now
            )
            answer = wire.first_answer(request, once, blackbox=service.type == "blackbox")
            rows = actions.write_submission(self.ground, request, report.reporter, now=now)
            rows = actions.keep_answer(rows, once, answer, now=now)
            try:
                with self.db.begin() as session:
                    [first] = actions.submit_requests(session, [rows])
            except store.IdTaken:
                identity = domain.new_id(prefix)
                continue
            return (first or answer).service_request_id
        raise Unavailable("no id could be found for the report; try again")

    def _keep(self, file: web.Upload, jurisdiction_id: str, identity: str) -> domain.Photo:
        file.file.seek(0)
        try:
            return self.keep(file, jurisdiction_id=jurisdiction_id, service_request_id=identity)
        except (BadInput, TooLarge):
            said = pages.gettext(PHOTOS, name=file.filename)
            raise Problems({"media": said}) from None
        except ServiceError:
            raise Problems({"media": pages.gettext(PHOTOS_AWAY)}) from None


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question of a service as the form shows it."""

    code: str
    datatype: str
    required: bool
    variable: bool
    title: str
    hint: str
    values: Sequence[tuple[str, str]] = ()
    given: Sequence[str] = field(default=())

    @property
    def name(self) -> str:
        """The field's name in GeoReport's form."""
        return f"attribute[{self.code}]"

    @property
    def id(self) -> str:
        """The field's id on the page, and its name among the problems."""
        return f"q-{self.code}"


def _form(
    pack: Pack,
    service: Service,
    version: str,
    *,
    given: MultiDict[str, str],
    problems: Mapping[str, str],
) -> str:
    language = pages.speak(pages.Brand.of(pack))
    return flask.render_template(
        "form.html",
        jurisdiction_id=pack.jurisdiction_id,
        service=_choice(service, language),
        kept_private=service.visibility == "private" or service.type == "blackbox",
        questions=[_question(one, given, language) for one in service.attributes],
        given=given,
        problems=_in_order(problems, service),
        trap=TRAP,
        once=_once(given),
        version=version,
        max_photos=MAX_PHOTOS,
    )


def _question(asked: Any, given: MultiDict[str, str], language: str) -> Question:
    name = f"attribute[{asked.code}]"
    return Question(
        code=asked.code,
        datatype=asked.datatype,
        required=asked.required,
        variable=asked.variable,
        title=text(asked.description, language),
        hint=text(asked.datatype_description, language),
        values=[(value.key, text(value.name, language)) for value in asked.values],
        given=given.getlist(name),
    )


def _choice(service: Service, language: str) -> dict[str, str]:
    return {
        "service_code": service.service_code,
        "name": text(service.service_name, language),
        "description": text(service.description, language),
    }


def _once(given: MultiDict[str, str]) -> str:
    """Return what makes this form this form, new when it is shown for the first time."""
    carried = given.get("once", "")
    return carried if _ONCE.fullmatch(carried) else secrets.token_hex(16)


def _same_form(
    given: MultiDict[str, str], service: Service, jurisdiction_id: str, files: Sequence[web.Upload]
) -> domain.Once:
    """Return what makes a form the same when it is sent twice; changed, it is another report."""
    fields = wire.Fields([*given.items(multi=True), ("service_code", service.service_code)])
    said = wire.fingerprint(fields, jurisdiction_id, [one.file for one in files])
    return domain.Once(key_id=PAGE, client_request_id=f"{_once(given)}-{said}", fingerprint=said)


def _fits(service: Service, wanted: str, language: str) -> bool:
    """Tell whether each word typed in stands in the service's name, description or keywords."""
    keywords = [word for words in service.keywords.values() for word in words]
    said = [text(service.service_name, language), text(service.description, language), *keywords]
    about = " ".join(said).casefold()
    return all(word in about for word in wanted.casefold().split())


def _files() -> list[web.Upload]:
    """Return the photos of the form; a file field left empty is none."""
    return [
        web.Upload(
            name="media",
            filename=file.filename,
            content_type=file.content_type or "",
            size_bytes=0,
            file=cast("BinaryIO", file.stream),
        )
        for file in flask.request.files.getlist("media")
        if file.filename
    ]


def _in_words(faults: Iterable[str], service: Service) -> dict[str, str]:
    """Return what read_report found wrong, in the page's language, by the field's id."""
    codes = {one.code for one in service.attributes}
    found = {}
    for fault in faults:
        name = fault.split(" ", 1)[0]
        if name in codes:
            found[f"q-{name}"] = pages.gettext(ANSWER)
        elif name in _PLACES:
            where = "address_string" if "required" in fault or name.startswith("addr") else "lat"
            found[where] = pages.gettext(FIELDS[where])
        else:
            found[name] = pages.gettext(FIELDS.get(name, FIELDS["other"]))
    return found


def _in_order(problems: Mapping[str, str], service: Service) -> dict[str, str]:
    """Return the problems in the order of the page, so that the summary reads from top to end."""
    asked = [f"q-{one.code}" for one in service.attributes]
    order = ["description", "media", "address_string", "lat", *asked, "email"]
    places = {name: at for at, name in enumerate(order)}
    return dict(sorted(problems.items(), key=lambda one: places.get(one[0], len(order))))
