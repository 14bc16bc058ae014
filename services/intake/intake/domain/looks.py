"""Who reported, as staff may be shown it; and that somebody looked."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from intake.domain import Reporter
from intake.domain.rights import CONFIDENCE

By = Literal["request", "phone", "email"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is known of a reporter, and how it came to the city."""

    reporter: Reporter
    confidential: bool = False
    entered_by: str | None = None
    entered_datetime: datetime | None = None

    @property
    def identity(self) -> str:
        """Whether the reporter is known, and to whom."""
        if not self.reporter.known:
            return "anonymous"
        return "confidential" if self.confidential else "known"

    def may_be_shown(self, scopes: Collection[str]) -> bool:
        """Whether who has these scopes may know; that somebody is anonymous everybody may."""
        return not self.confidential or CONFIDENCE in scopes


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """That somebody of the staff looked at who reported, or tried to; none found: no request."""

    looked_at: datetime
    subject: str
    by: By
    jurisdiction_id: str | None
    service_request_id: str | None
    shown: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whose requests are looked for: by the digits of a number, or by a mail address."""

    by: By
    value: str
