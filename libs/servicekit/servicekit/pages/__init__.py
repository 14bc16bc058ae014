"""The look of every Ombud page: one style, one base template, catalogues, the city's colours.

A service makes its Flask application with ``site`` and renders templates that extend
``ombud/base.html``. Nothing here needs JavaScript, and no page loads anything from elsewhere.
"""

import gettext as gettext_module
import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import babel.core
import babel.dates
import babel.numbers
import flask
import jinja2
import sqlalchemy as sa
from werkzeug.exceptions import BadRequest, HTTPException, InternalServerError, ServiceUnavailable

from servicekit import logs
from servicekit.db import no_text
from servicekit.pages.brand import NOBODY, Brand
from servicekit.pages.words import Catalogues

__all__ = ["NOBODY", "Brand", "Catalogues", "gettext", "ngettext", "site", "speak"]

HERE = Path(__file__).parent
log = logs.get(__name__)
KEPT_S = 31_536_000  # names carry a hash of the content, so browsers may keep them a year
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
TYPES = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png"}


def site(name: str, *, prefix: str, folder: Path, brands: Iterable[Brand] = ()) -> flask.Flask:
    """Return a Flask application whose pages wear the common look.

    ``prefix`` is the path below which this service's pages live, for example ``/evaluate``: the
    style is served there too, at ``<prefix>/style/…``. ``folder`` holds the service's
    ``templates/`` and ``locales/<language>/LC_MESSAGES/*.po``.
    """
    app = flask.Flask(name, static_folder=None, root_path=str(folder))
    shelf = _Shelf(prefix.rstrip("/"), brands)
    catalogues = Catalogues.read([folder / "locales", HERE / "locales"])
    app.extensions["ombud_pages"] = (shelf, catalogues)
    app.jinja_loader = jinja2.ChoiceLoader(
        [jinja2.FileSystemLoader(folder / "templates"), jinja2.FileSystemLoader(HERE / "templates")]
    )
    _dress(app, shelf)
    app.add_url_rule(f"{shelf.prefix}/style/<name>", "style", shelf.serve)
    app.before_request(_speak_for_nobody)
    app.url_defaults(_keep_language)
    app.after_request(_headers)
    app.register_error_handler(HTTPException, _trouble)
    app.register_error_handler(Exception, _defect)
    return app


def speak(brand: Brand, preferred: str | None = None) -> str:
    """Let this request's page speak for ``brand``; return the language it speaks.

    A reader's own choice (``?lang=``) wins, then ``preferred``, then what the browser asks for,
    then the city's first language. Only the city's languages are spoken.
    """
    _, catalogues = flask.current_app.extensions["ombud_pages"]
    offered = [language for language in brand.languages if language in catalogues.languages]
    language = _choose(offered or ["en"], flask.request.args.get("lang"), preferred)
    flask.g.brand, flask.g.language = brand, language
    flask.g.languages = offered
    flask.g.words = catalogues.of(language)
    return language


def gettext(text: str, **values: Any) -> str:
    """Return ``text`` in the language of this request's page, ``%(name)s`` filled in."""
    said: str = _words().gettext(text)
    return said % values if values else said


def ngettext(one: str, many: str, number: int, **values: Any) -> str:
    """Return the singular or plural in the language of this request's page."""
    return _words().ngettext(one, many, number) % {"num": number, **values}


class _Shelf:
    """Style and logos by names that carry a hash of what is in them."""

    def __init__(self, prefix: str, brands: Iterable[Brand]) -> None:
        self.prefix = prefix
        self.files: dict[str, tuple[bytes, str]] = {}
        self.common = self._put("ombud", ".css", (HERE / "static" / "ombud.css").read_bytes())
        self.css: dict[str, str] = {}
        self.logos: dict[str, str] = {}
        for brand in (NOBODY, *brands):
            self._take(brand)

    def serve(self, name: str) -> flask.Response:
        if name not in self.files:
            flask.abort(404)
        content, content_type = self.files[name]
        answer = flask.Response(content, content_type=content_type)
        answer.headers["Cache-Control"] = f"public, max-age={KEPT_S}, immutable"
        return answer

    def _take(self, brand: Brand) -> None:
        city = brand.jurisdiction_id
        self.css[city] = self._put(city, ".css", brand.style().encode())
        if brand.logo is not None:
            self.logos[city] = self._put(city, brand.logo.suffix, brand.logo.read_bytes())

    def _put(self, stem: str, suffix: str, content: bytes) -> str:
        name = f"{stem}-{hashlib.sha256(content).hexdigest()[:12]}{suffix}"
        self.files[name] = (content, TYPES[suffix])
        return f"{self.prefix}/style/{name}"


def _dress(app: flask.Flask, shelf: _Shelf) -> None:
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.undefined = jinja2.StrictUndefined
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined] # the extension adds it
        lambda text: _words().gettext(text),
        lambda one, many, number: _words().ngettext(one, many, number),
        newstyle=True,
    )
    app.jinja_env.filters.update(
        day=_day, moment=_moment, number=_number, percent=_percent, language_name=_language_name
    )

    @app.context_processor
    def what_the_base_needs() -> dict[str, object]:
        brand: Brand = flask.g.brand
        city = brand.jurisdiction_id
        return {
            "brand": brand,
            "language": flask.g.language,
            "languages": flask.g.languages,
            "styles": [shelf.common, shelf.css.get(city, shelf.css[NOBODY.jurisdiction_id])],
            "logo": shelf.logos.get(city),
            "in_language": _in_language,
            "home": "/" if brand is NOBODY else f"/cities/{city}",
        }


def _in_language(language: str) -> str:
    """Return the link to this page in another language, the rest of its query kept."""
    return "?" + urlencode({**flask.request.args.to_dict(), "lang": language})


def _keep_language(_: str, values: dict[str, Any]) -> None:
    """Let links made by ``url_for`` keep the language that the reader chose."""
    if flask.has_request_context() and flask.request.args.get("lang") == flask.g.language:
        values.setdefault("lang", flask.g.language)


def _speak_for_nobody() -> None:
    """Until a page knows its city, it speaks for Ombud alone."""
    speak(NOBODY)


def _trouble(error: HTTPException) -> tuple[str, int, dict[str, str]]:
    """Say in the page's language that something is not there or not possible."""
    status = error.code or 500
    again_s = getattr(error, "retry_after", None)
    headers = {} if again_s is None else {"Retry-After": str(again_s)}
    return flask.render_template("ombud/trouble.html", status=status), status, headers


def _defect(error: Exception) -> tuple[str, int, dict[str, str]]:
    """Note what went wrong and tell the reader nothing of our inside."""
    if no_text(error):
        return _trouble(BadRequest())
    away = isinstance(error, (OSError, sa.exc.OperationalError, sa.exc.InterfaceError))
    log.failure("a page met a defect", error, page=flask.request.endpoint, away=away)
    return _trouble(ServiceUnavailable() if away else InternalServerError())


def _headers(answer: flask.Response) -> flask.Response:
    answer.headers.setdefault("X-Content-Type-Options", "nosniff")
    answer.headers.setdefault("Content-Security-Policy", POLICY)
    answer.headers.setdefault("Referrer-Policy", "same-origin")
    return answer


def _choose(offered: Sequence[str], *wishes: str | None) -> str:
    for wish in wishes:
        if wish in offered:
            return str(wish)
    asked = [language for language, _ in flask.request.accept_languages]
    found = babel.core.negotiate_locale(asked, offered, sep="-")
    return found or offered[0]


def _words() -> gettext_module.NullTranslations:
    words: gettext_module.NullTranslations = flask.g.words
    return words


def _locale() -> babel.core.Locale:
    # "en" alone would write dates as the United States do; the cities are elsewhere.
    language = "en-001" if flask.g.language == "en" else flask.g.language
    return babel.core.Locale.parse(language, sep="-")


def _local(when: date | datetime) -> date | datetime:
    if isinstance(when, datetime) and when.tzinfo is not None:
        return when.astimezone(ZoneInfo(flask.g.brand.time_zone))
    return when


def _day(when: date | datetime, style: str = "long") -> str:
    return babel.dates.format_date(_local(when), style, locale=_locale())


def _moment(when: datetime, style: str = "medium") -> str:
    """Write day and time without seconds, which nobody needs to read."""
    locale, zone = _locale(), ZoneInfo(flask.g.brand.time_zone)
    time = babel.dates.format_time(when, "short", tzinfo=zone, locale=locale)
    return f"{_day(when, style)}, {time}"


def _number(value: float, pattern: str | None = None) -> str:
    return babel.numbers.format_decimal(value, pattern, locale=_locale())


def _percent(share: float) -> str:
    return babel.numbers.format_percent(share, locale=_locale())


def _language_name(language: str) -> str:
    locale = babel.core.Locale.parse(language, sep="-")
    name = locale.get_language_name(locale) or language
    return name[0].upper() + name[1:]
