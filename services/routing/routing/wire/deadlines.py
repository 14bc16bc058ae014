"""Deadlines that explain themselves: in data for events and answers, in words for people."""

from datetime import date, datetime, timedelta
from functools import cache
from gettext import NullTranslations
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime
from servicekit.pages.words import Catalogues

from routing.domain import Explanation, Lost, Target
from routing.wire.facts import clock_told
from routing.wire.moments import moment

Data = dict[str, Any]
LOCALES = Path(__file__).resolve().parents[1] / "locales"


def _pause(lost: Lost) -> Data:
    return {
        "began": moment(lost.pause.began),
        "ended": moment(lost.pause.ended),
        "waiting_for": lost.pause.waiting_for,
        "counted_s": None if lost.counted is None else lost.counted.total_seconds(),
        "due_after": moment(lost.due),
    }


def clock_explained(said: Explanation, language: str) -> Data:
    """Return a deadline and how it came about, in data and in words."""
    clock = said.clock
    return {
        **clock_told(clock),
        "time_zone": said.time_zone,
        "due_without_pauses": moment(said.without_pauses),
        "pauses": [_pause(lost) for lost in said.pauses],
        "paused_s": said.paused.total_seconds(),
        "holidays": [{"date": day.isoformat(), "name": name} for day, name in said.holidays],
        "warning_datetime": moment(said.warning),
        "stopped_datetime": moment(clock.stopped),
        "breached_datetime": moment(clock.breached),
        "escalated_to": clock.escalated,
        "paused": clock.paused,
        "replaced_datetime": moment(clock.replaced),
        "late": clock.late,
        "explanation": in_words(said, language),
    }


def in_words(said: Explanation, language: str) -> str:
    """Say how a deadline came about, in the city's local time."""
    return Speaker(language, said).whole()


@cache
def catalogues() -> Catalogues:
    """Return the words of every language."""
    return Catalogues.read([LOCALES])


def spoken(language: str) -> str:
    """Return the catalogue's language for one asked for: itself, a sister, else English."""
    base = language.split("-", maxsplit=1)[0]
    sisters = [one for one in sorted(catalogues().languages) if one.split("-")[0] == base]
    return language if language in sisters else next(iter(sisters), "en")


class Speaker:
    """Says one explanation in one language."""

    def __init__(self, language: str, said: Explanation) -> None:
        self.language = spoken(language)
        self.words: NullTranslations = catalogues().of(self.language)
        self.locale = Locale.parse(self.language, sep="-")
        self.zone = ZoneInfo(said.time_zone)
        self.said = said

    def whole(self) -> str:
        """Say the whole explanation."""
        _ = self.words.gettext
        said, clock = self.said, self.said.clock
        parts = [
            _("%(target)s from %(start)s by calendar %(calendar)s (%(zone)s): %(due)s.")
            % {
                "target": self.target(clock.target),
                "start": self.at(clock.started),
                "calendar": said.calendar_version,
                "zone": said.time_zone,
                "due": self.at(said.without_pauses),
            }
        ]
        if clock.calendar_version != said.calendar_version:
            first = _("It was first reckoned by calendar %(calendar)s, which was not kept.")
            parts.append(first % {"calendar": clock.calendar_version})
        if said.holidays:
            days = ", ".join(f"{self.day(day)} ({name})" for day, name in said.holidays)
            parts.append(_("Holidays that do not count: %(days)s.") % {"days": days})
        parts += [self.pause(lost) for lost in said.pauses]
        if said.paused:
            parts.append(
                _("All pauses together: %(length)s.") % {"length": self.length(said.paused)}
            )
        if clock.replaced:
            text = _("Another target took its place on %(at)s.")
            return " ".join([*parts, text % {"at": self.at(clock.replaced)}])
        due = _("Due %(due)s.") if not clock.paused else _("Due %(due)s, and later by this pause.")
        return " ".join([*parts, due % {"due": self.at(clock.due)}])

    def pause(self, lost: Lost) -> str:
        """Say one pause, and for whom."""
        _ = self.words.gettext
        who = {
            "citizen": _("waiting for the citizen"),
            "third_party": _("waiting for a third party"),
            None: _("nobody said for whom"),
        }[lost.pause.waiting_for]
        began = self.at(lost.pause.began)
        if lost.pause.ended is None or lost.counted is None:
            text = _("It stands still since %(began)s (%(who)s).")
            return text % {"began": began, "who": who}
        text = _("Pause from %(began)s to %(ended)s (%(who)s): %(length)s of it count.")
        return text % {
            "began": began,
            "ended": self.at(lost.pause.ended),
            "who": who,
            "length": self.length(lost.counted),
        }

    def target(self, target: Target) -> str:
        """Say an amount with its unit."""
        count, ngettext = target.amount, self.words.ngettext
        number = int(count) if count == int(count) else 2
        text = {
            "working_hours": ngettext("%(n)s working hour", "%(n)s working hours", number),
            "working_days": ngettext("%(n)s working day", "%(n)s working days", number),
            "whole_working_days": ngettext(
                "%(n)s whole working day", "%(n)s whole working days", number
            ),
            "hours": ngettext("%(n)s hour", "%(n)s hours", number),
            "days": ngettext("%(n)s day", "%(n)s days", number),
        }[target.unit]
        return text % {"n": f"{count:g}"}

    def at(self, moment: datetime) -> str:
        """Say a moment in the city's local time."""
        local = moment.astimezone(self.zone).replace(tzinfo=None)
        return format_datetime(local, "EEE d MMM y HH:mm", locale=self.locale)

    def day(self, day: date) -> str:
        """Say a date."""
        return format_date(day, "d MMM y", locale=self.locale)

    @staticmethod
    def length(length: timedelta) -> str:
        """Say how long something took."""
        minutes = round(length.total_seconds() / 60)
        return f"{minutes // 60} h {minutes % 60} min"
