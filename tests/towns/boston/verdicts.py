"""Our verdict of each case beside the file's."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from towns.boston.file import LATE, ON_TIME, Row
from towns.boston.rules import Rule
from towns.relived import Relived

NO_DEADLINE = "no deadline"
NEVER_DUE = "no deadline but 2059-12-31"
NO_RULE = "not by the rule of its service"
NO_VERDICT = "closed, no verdict"
Rules = Mapping[str, Rule]


@dataclass(frozen=True)
class Compared:
    """Our verdict beside the file's. ``deadline`` and ``breached`` are what our clock recorded."""

    row: Row
    deadline: datetime | None
    breached: datetime | None

    @property
    def verdict(self) -> str | None:
        """Ours: late when the clock said so; None without a deadline."""
        if self.deadline is None:
            return None
        return LATE if self.breached else ON_TIME

    @property
    def differs(self) -> bool:
        """Whether both give a verdict, and not the same."""
        return None not in (self.verdict, self.row.said) and self.verdict != self.row.said

    @property
    def off(self) -> timedelta | None:
        """How much later our deadline is than the file's."""
        if self.deadline is None or self.row.deadline is None:
            return None
        return self.deadline - self.row.deadline


def compare(rows: Iterable[Row], relived: Relived) -> list[Compared]:
    """Return both verdicts of every row, ours out of what routing's clocks told the log."""
    refused = relived.said("update.refused.v1")
    assert not refused, refused[0]
    routed = relived.said("request.routed.v1")
    due = {
        one["service_request_id"]: datetime.fromisoformat(one["expected_datetime"])
        for one in routed
        if one["expected_datetime"]
    }
    breached = {
        one["service_request_id"]: datetime.fromisoformat(one["due_datetime"])
        for one in relived.said("deadline.breached.v1")
        if one["clock"] == "solution"
    }
    return [Compared(row, due.get(row.request_id), breached.get(row.request_id)) for row in rows]


def kind_of(one: Compared, rules: Rules | None = None) -> str:
    """Return the line of the table that a case belongs to.

    With the rules of the services, a deadline that is not of its service's rule has its own line.
    """
    if one.row.deadline is None:
        return NO_DEADLINE
    if one.row.never_due:
        return NEVER_DUE
    if rules is not None and not rules[one.row.service_code].explains(one.row):
        return NO_RULE
    state = "closed" if one.row.closed else "open"
    return f"{state}, {one.row.said}" if one.row.said else NO_VERDICT


def table(compared: Iterable[Compared], rules: Rules | None = None) -> str:
    """Return the comparison as a table: cases, ours late, ours on time, not the same."""
    lines = [f"{'the file says':<36}{'cases':>8}{'ours late':>11}{'on time':>9}{'differ':>8}"]
    kinds: dict[str, list[Compared]] = defaultdict(list)
    for one in compared:
        kinds[kind_of(one, rules)].append(one)
    for kind, ones in sorted(kinds.items()):
        ours = Counter(one.verdict for one in ones)
        differ = sum(one.differs for one in ones)
        lines.append(f"{kind:<36}{len(ones):>8}{ours[LATE]:>11}{ours[ON_TIME]:>9}{differ:>8}")
    return "\n".join(lines)


def deadlines(compared: Iterable[Compared], rules: Rules | None = None) -> str:
    """Return in words how near our deadlines are to the file's, where its rule is known."""
    unknown = (NO_DEADLINE, NEVER_DUE, NO_RULE)
    known = [one for one in compared if kind_of(one, rules) not in unknown]
    off = [abs(one.off) for one in known if one.off is not None]
    same, near, form = (sum(one <= timedelta(seconds=most) for one in off) for most in (0, 5, 600))
    return f"{len(off)} deadlines: {same} to the second, {near} within 5 s, {form} within 10 min"
