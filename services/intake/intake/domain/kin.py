"""Requests that belong together."""

import dataclasses
from dataclasses import dataclass
from datetime import datetime

from intake.domain import Request, Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """The numbers of those that a request belongs to, or that belong to it.

    ``duplicate_of`` is handled for it as well; ``parent`` was split, ``parts`` are what into.
    """

    duplicate_of: str | None = None
    parent: str | None = None
    parts: tuple[str, ...] = ()

    def among(self, known: frozenset[str]) -> "Related":
        """Return those of them that are known."""
        return Related(
            duplicate_of=self.duplicate_of if self.duplicate_of in known else None,
            parent=self.parent if self.parent in known else None,
            parts=tuple(part for part in self.parts if part in known),
        )

    @property
    def all(self) -> tuple[str, ...]:
        """Every number named."""
        return tuple(one for one in (self.duplicate_of, self.parent, *self.parts) if one)


ALONE = Related()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One of the things that a report tells of, as routing says. The id stands fast."""

    part_id: str
    service_code: str
    description: str


def part_of(
    whole: Request, service: Service, part: Part, *, service_request_id: str, now: datetime
) -> Request:
    """Return the request that a part of a report becomes.

    It is the same reporter's, about the same place, with the photos of the report. What is not
    for everybody stays so, and what a service never shows is not shown.
    """
    hidden = whole.visibility == "public" and service.private
    return dataclasses.replace(
        whole,
        service_request_id=service_request_id,
        token=None,
        service_code=service.service_code,
        service_name=service.service_name,
        service_group=service.service_group,
        visibility="private" if hidden else whole.visibility,
        status="open",
        state="received",
        description=part.description,
        title=None,
        answers=(),
        definition_version=None,
        stale_form=False,
        photos=tuple(
            photo for photo in whole.photos if photo.role == "report" and not photo.removed
        ),
        imported=False,
        updated_datetime=max(whole.requested_datetime, now.replace(microsecond=0)),
        closed_datetime=None,
        expected_datetime=None,
        department=None,
        agency_responsible=None,
        service_notice=None,
        status_notes=None,
        revision=1,
        routed_sequence=0,
        moved_sequence=0,
    )
