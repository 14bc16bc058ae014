"""The file of Boston's requests, and what it says of each deadline."""

import csv
import gzip
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

CHANNELS = {
    "Constituent Call": "phone",
    "Employee Generated": "desk",
    "Self Service": "web",
    "Citizens Connect App": "app",
    "Maximo Integration": "import",
}
ZONE, NEVER, MOST_HOURS = ZoneInfo("America/New_York"), 2060, 10_000
LATE, ON_TIME = "late", "on time"
Target = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """A request as the file has it; times are aware, None where the file has none."""

    request_id: str
    service_code: str
    service_name: str
    group: str
    department: str
    channel: str
    notes: str
    requested: datetime
    closed: datetime | None
    deadline: datetime | None
    source_status: str

    @cached_property
    def said(self) -> str | None:
        """The file's own verdict: late, on time, or None when it gives none."""
        return {"OVERDUE": LATE, "ONTIME": ON_TIME}.get(self.source_status.partition(":")[2])

    @property
    def own_target(self) -> Target | None:
        """The time from the request to its deadline: what the city promised in this case.

        In hours, as long as a pack takes so many; a year and more in days by the local clock.
        """
        if self.deadline is None or self.never_due:
            return None
        hours = (self.deadline - self.requested) / timedelta(hours=1)
        if hours <= MOST_HOURS:
            return {"amount": hours, "unit": "hours"}
        ends, begins = (
            one.astimezone(ZONE).replace(tzinfo=None) for one in (self.deadline, self.requested)
        )
        return {"amount": (ends - begins) / timedelta(days=1), "unit": "days"}

    @property
    def never_due(self) -> bool:
        """Whether the deadline is one that its system writes for none: the end of 2059."""
        return self.deadline is not None and self.deadline.astimezone(UTC).year >= NEVER


def read(path: Path) -> list[Row]:
    """Read the file, plain or gzip, in the order of time."""
    packed = path.read_bytes()
    text = (gzip.decompress(packed) if packed[:2] == b"\x1f\x8b" else packed).decode()
    rows = [_row(one) for one in csv.DictReader(io.StringIO(text))]
    return sorted(rows, key=lambda row: row.requested)


def _row(one: Mapping[str, str]) -> Row:
    return Row(
        request_id=one["request_id"],
        service_code=one["service_code"],
        service_name=one["service_name"],
        group=one["service_group"],
        department=one["agency_responsible"].lower(),
        channel=CHANNELS[one["channel"]],
        notes=one["status_notes"],
        requested=datetime.fromisoformat(one["requested_datetime"]),
        closed=_moment(one["closed_datetime"]),
        deadline=_moment(one["expected_datetime"]),
        source_status=one["source_status"],
    )


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
