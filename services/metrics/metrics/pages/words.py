"""Words that no template holds: names of channels, situations and periods, lengths of time."""

import babel.core
import babel.numbers
import flask
from servicekit.pages import gettext, ngettext

DASH, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


def channel(code: str) -> str:
    """Return how a report came in."""
    return {
        "web": gettext("Website"),
        "app": gettext("App"),
        "phone": gettext("Telephone"),
        "counter": gettext("Counter"),
        "mail": gettext("Mail"),
        "desk": gettext("Desk"),
        "import": gettext("Imported"),
    }.get(code, code)


def preset(name: str) -> str:
    """Return the name of a period."""
    return {
        "30": gettext("Last 30 days"),
        "90": gettext("Last 90 days"),
        "month": gettext("This month"),
        "last_month": gettext("Last month"),
        "year": gettext("This year"),
    }[name]


def duration(seconds: float | None) -> str:
    """Return a length of time in the unit that people would say, a dash for none."""
    if seconds is None:
        return DASH
    unit, size = _unit(seconds)
    amount = seconds / size
    rounded = round(amount, 1) if amount < 10 else round(amount)  # noqa: PLR2004 - two digits
    said = babel.numbers.format_decimal(rounded, locale=_locale())
    number = 1 if rounded == 1 else 2
    if unit == "day":
        return ngettext("%(said)s day", "%(said)s days", number, said=said)
    if unit == "hour":
        return ngettext("%(said)s hour", "%(said)s hours", number, said=said)
    return ngettext("%(said)s minute", "%(said)s minutes", number, said=said)


def _unit(seconds: float) -> tuple[str, float]:
    if seconds >= 2 * DAY:
        return "day", DAY
    return ("hour", HOUR) if seconds >= HOUR else ("minute", MINUTE)


def change(now: float | None, before: float | None) -> str:
    """Return by how much a value rose or fell, with its sign; empty when that says nothing."""
    if not before or now is None:
        return ""
    said = babel.numbers.format_percent(abs(now / before - 1), locale=_locale())
    sign = "+" if now > before else MINUS
    return "±0 %" if round(now / before - 1, 2) == 0 else f"{sign}{said}"


def rating(mean: float | None) -> str:
    """Return a mean rating with one decimal, a dash for none."""
    if mean is None:
        return DASH
    return babel.numbers.format_decimal(mean, "0.0", locale=_locale())


def share(part: float | None) -> str:
    """Return a share in per cent, a dash for none."""
    return DASH if part is None else babel.numbers.format_percent(part, locale=_locale())


def _locale() -> babel.core.Locale:
    return babel.core.Locale.parse(flask.g.language, sep="-")
