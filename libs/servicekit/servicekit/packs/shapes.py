"""What a city pack says, as plain frozen values."""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import holidays

Words = Mapping[str, str]
"""One text in each language of the city, by BCP 47 tag."""

PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")
_EMPTY_LINES: Final = re.compile(r"\n{3,}")


def text(words: Words, language: str | None) -> str:
    """Return the words in ``language``, else in a variant of it, else in the city's first."""
    if language is not None:
        if language in words:
            return words[language]
        base = language.split("-")[0].lower()
        for known in words:
            if known.split("-")[0].lower() == base:
                return words[known]
    return next(iter(words.values()), "")


@dataclass(frozen=True, slots=True)
class Amount:
    """A stretch of time; unit is one of those of city.schema.yaml."""

    amount: float
    unit: str


@dataclass(frozen=True, slots=True)
class Map:
    """Where the city's map opens: WGS 84 degrees and a web map's zoom level."""

    lat: float
    long: float
    zoom: int


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach the city without this software."""

    email: str
    phone: str
    web: str
    address: str


@dataclass(frozen=True, slots=True)
class Discovery:
    """GeoReport's discovery: whom to write to and how to get a key."""

    contact: str
    key_service: str


@dataclass(frozen=True, slots=True)
class Sender:
    """The From of the city's mails."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A code with its name in each language."""

    code: str
    name: Words


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a case may end; closes_as is the state it leads to, such as resolved or refused."""

    code: str
    name: Words
    closes_as: str


@dataclass(frozen=True, slots=True)
class Reopening:
    """How a citizen may open a case again: so many days after its closing, so many times.

    What comes later or more often is a dispute for the ombudsman. feedback offers by it, routing
    holds to it.
    """

    within_days: int = 14
    times: int = 1

    def until(self, closed: dt.datetime) -> dt.datetime:
        """Return until when, included, a case that was closed then may be opened again."""
        return closed + dt.timedelta(days=self.within_days)

    def refusal(
        self, *, reopened: int, closed: dt.datetime | None, asked: dt.datetime
    ) -> str | None:
        """Say why a case that was reopened so often is not opened again, None when it may be."""
        if reopened >= self.times:
            times = "once" if self.times == 1 else f"{self.times} times"
            return f"a citizen may reopen a case {times}; it is a dispute now"
        if closed is not None and asked > self.until(closed):
            days = "1 day" if self.within_days == 1 else f"{self.within_days} days"
            return f"a citizen may reopen a case within {days} of its closing; it is a dispute now"
        return None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How long a citizen may evaluate, how reopen by it, and the reasons to choose from."""

    invitation_valid_days: int
    reopening: Reopening
    reasons: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class MediaRules:
    """Whether the original of a photo is kept beside its clean copies."""

    keep_originals: bool


@dataclass(frozen=True, slots=True)
class UpdateRules:
    """What others may do: closed_by_others is keep, or close what they call closed."""

    closed_by_others: str = "keep"


@dataclass(frozen=True, slots=True)
class OpenData:
    """How far open data is rounded, and the smallest group that is shown."""

    position_decimals: int
    smallest_group: int


@dataclass(frozen=True, slots=True)
class Colours:
    """Two colours, as #rrggbb."""

    primary: str
    accent: str


@dataclass(frozen=True)
class City:
    """city.yaml."""

    jurisdiction_id: str
    name: Words
    time_zone: str
    languages: tuple[str, ...]
    map: Map
    contact: Contact
    discovery: Discovery
    request_id_prefix: str
    sender: Sender
    retention: Mapping[str, int]
    evaluation: Evaluation
    media: MediaRules
    updates: UpdateRules
    open_data: OpenData
    outcomes: Mapping[str, Outcome]
    colours: Colours

    @cached_property
    def zone(self) -> ZoneInfo:
        """The city's time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def language(self) -> str:
        """The city's first language."""
        return self.languages[0]


@dataclass(frozen=True, slots=True)
class Group:
    """A group of services."""

    group: str
    name: Words


@dataclass(frozen=True, slots=True)
class Value:
    """One answer to choose from."""

    key: str
    name: Words


@dataclass(frozen=True, slots=True)
class Attribute:
    """One question of a service definition; order counts from 1 as they stand in the file.

    Answers to a ``private`` one are for the department, and shown by no public door.
    """

    code: str
    datatype: str
    required: bool
    variable: bool
    order: int
    description: Words
    datatype_description: Words
    values: tuple[Value, ...]
    private: bool = False


@dataclass(frozen=True, slots=True)
class Targets:
    """The two deadlines of a service; None means none."""

    first_answer: Amount | None
    solution: Amount | None


@dataclass(frozen=True, slots=True)
class Priority:
    """low, high or urgent: the answers that call for it, and its own targets (None: the service's).

    Without answers only staff gives it.
    """

    priority: str
    answers: Mapping[str, tuple[str, ...]]
    targets: Targets


@dataclass(frozen=True, slots=True)
class Offered:
    """Where in the city a service is offered: in any of the districts and areas."""

    district: tuple[str, ...] = ()
    within: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Service:
    """A thing a citizen can report."""

    service_code: str
    service_name: Words
    description: Words
    group: str
    keywords: Mapping[str, tuple[str, ...]]
    type: str
    visibility: str
    department: str
    targets: Targets
    result_photo_required: bool
    duplicate_radius_m: int
    attributes: tuple[Attribute, ...]
    more_groups: tuple[str, ...] = ()
    offered: Offered | None = None
    priorities: tuple[Priority, ...] = ()

    @property
    def groups(self) -> tuple[str, ...]:
        """The codes of all groups that it belongs to, the first one first."""
        return tuple(dict.fromkeys((self.group, *self.more_groups)))

    @property
    def metadata(self) -> bool:
        """GeoReport's metadata: whether there is a definition to ask for."""
        return bool(self.attributes)

    def attribute(self, code: str) -> Attribute | None:
        """Return the question with this code."""
        return next((one for one in self.attributes if one.code == code), None)


@dataclass(frozen=True, slots=True)
class Department:
    """Who answers; exactly one department of a city is its triage.

    One that works ``by_mail`` has no software: each case comes with a link to answer by.
    ``updates``: where its own system speaks: shared, own, both or none.
    """

    department: str
    name: Words
    email: str
    head_email: str
    triage: bool
    updates: str = "shared"
    by_mail: bool = False


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody outside, or another jurisdiction, whom cases are handed over to."""

    party: str
    name: Words
    email: str
    language: str | None = None


@dataclass(frozen=True, slots=True)
class LinkDays:
    """For how many days a mailed link is good."""

    party: int = 14
    department: int = 30


@dataclass(frozen=True, slots=True)
class EscalationStep:
    """So long after a breach, tell whom: department_head or ombudsman."""

    after: Amount
    to: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the routing rules; ``when`` is its condition (docs/routing-rules.md).

    ``broken`` says why it cannot be run and must be left out; None when it can.
    """

    rule: str
    when: str
    department: str
    because: str
    broken: str | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """rules.yaml: in order, the first that matches decides. ``version`` is the file's hash."""

    version: str
    warning_at: float
    rules: tuple[Rule, ...]

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    def __len__(self) -> int:
        return len(self.rules)


@dataclass(frozen=True, slots=True)
class Holiday:
    """A holiday of the municipality: of one year (date) or of every year (month and day)."""

    name: str
    month: int
    day: int
    year: int | None = None


Hours = tuple[tuple[dt.time, dt.time], ...]


@dataclass(frozen=True)
class Calendar:
    """When the city works, in its local time. hours are by weekday, 0 is Monday.

    ``categories`` are those of the country's holidays that count; None is the usual one, an empty
    tuple none at all.
    """

    version: str
    country: str
    subdivision: str | None
    categories: tuple[str, ...] | None
    hours: Mapping[int, Hours]
    holidays: tuple[Holiday, ...]
    _years: dict[int, Mapping[dt.date, str]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def holidays_in(self, year: int) -> Mapping[dt.date, str]:
        """Return the holidays of a year with their names: the country's and the city's own."""
        known = self._years.get(year)
        if known is None:
            known = self._years[year] = self._find(year)
        return known

    def holiday(self, day: dt.date) -> str | None:
        """Return the name of the holiday on this day, or None on an ordinary one."""
        return self.holidays_in(day.year).get(day)

    def hours_on(self, day: dt.date) -> Hours:
        """Return the working stretches of a day in local time; none on a holiday."""
        return () if self.holiday(day) else self.hours.get(day.weekday(), ())

    def _find(self, year: int) -> Mapping[dt.date, str]:
        found = {} if self.categories == () else self._public(year)
        for own in self.holidays:
            if own.year in (None, year) and not _no_such_day(own, year):
                found[dt.date(year, own.month, own.day)] = own.name
        return dict(sorted(found.items()))

    def _public(self, year: int) -> dict[dt.date, str]:
        public = holidays.country_holidays(
            self.country,
            subdiv=self.subdivision,
            years=year,
            categories=self.categories,
            # Without a word about it, the names would follow the locale of the machine.
            language=holidays.country_holidays(self.country).default_language,
        )
        return {day: str(name) for day, name in public.items() if day.year == year}


def _no_such_day(own: Holiday, year: int) -> bool:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return (own.month, own.day) == (2, 29) and not leap


@dataclass(frozen=True, slots=True)
class Filled:
    """A message ready to be sent."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Message:
    """A mail with {placeholders}; servicekit.packs.MESSAGES says which."""

    subject: str
    body: str

    def filled(self, values: Mapping[str, str | None]) -> Filled:
        """Put the values in.

        A line of the body whose placeholders are all empty is left out, and with it the line
        before it that only announces it with a colon.
        """
        lines: list[str] = []
        for words, names in _lines(self.body):
            if not names:
                lines.append(words[0])
            elif any(values.get(name) for name in names):
                lines.append(_fill(words, names, values))
            elif lines and lines[-1].endswith(":"):
                lines.pop()
        body = _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip() + "\n"
        [subject] = _lines(self.subject.replace("\n", " "))
        return Filled(" ".join(_fill(*subject, values).split()), body)


@lru_cache(4096)
def _lines(template: str) -> list[tuple[list[str], list[str]]]:
    """Return, for each line of a text, the words between its placeholders, and their names."""
    parts = [PLACEHOLDER.split(line) for line in template.split("\n")]
    return [(line[::2], line[1::2]) for line in parts]


def _fill(words: list[str], names: list[str], values: Mapping[str, str | None]) -> str:
    filled = "".join(
        word + (values.get(name) or "") for word, name in zip(words, names, strict=False)
    )
    return filled + words[-1]


@dataclass(frozen=True, slots=True)
class Texts:
    """texts/<language>.yaml. date and date_time are patterns of strftime."""

    language: str
    date: str
    date_time: str
    states: Mapping[str, str]
    messages: Mapping[str, Message]

    def when(self, moment: dt.datetime, zone: dt.tzinfo) -> str:
        """Write a moment as people of this language do, in the city's time."""
        return moment.astimezone(zone).strftime(self.date_time)
