"""What is told of cases that were split, and of their parts."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from routing.domain import Actor, Assignment, City, Order
from routing.domain.cases import Case
from routing.wire.deadlines import catalogues, spoken
from routing.wire.moments import moment

Data = dict[str, Any]


def part_rows(case: Case, order: Order, at: datetime) -> list[Data]:
    """Return the rows of the parts. Their ids stand fast: the case, its entry, their place."""
    entry = case.history_number
    return [
        {
            "part_id": f"{case.service_request_id}-{entry}-{number}",
            "case_id": case.id,
            "number": number,
            "service_code": part.service_code,
            "description": part.description,
            "department": part.department,
            "split": at,
            "child_id": None,
            "called_off": None,
        }
        for number, part in enumerate(order.parts, 1)
    ]


def case_split(
    case: Case, order: Order, actor: Actor, rows: Sequence[Data], city: City, at: datetime
) -> Data:
    """Tell into what a case was split; intake makes a request of each part."""
    same = ("part_id", "number", "service_code", "description")
    return {
        "jurisdiction_id": case.jurisdiction_id,
        "service_request_id": case.service_request_id,
        "department": case.department,
        "by": {"role": actor.role, "department": actor.department},
        "words": order.words,
        "parts": [
            {
                **{name: row[name] for name in same},
                "service_group": city.services[row["service_code"]].group,
            }
            for row in rows
        ],
        "split_datetime": moment(at),
    }


def named_department(part: Any, parent: str, city: City) -> Assignment:
    """Return the department that was named for a part when its report was split."""
    return Assignment(
        department=part.department,
        rule=None,
        rules_version=city.rules.version,
        because=f"named when {parent} was split",
    )


def back_together(parent: str, language: str) -> str:
    """Say to a citizen that a part is none any more."""
    words = catalogues().of(spoken(language))
    return words.gettext("It is handled with %(parent)s again.") % {"parent": parent}


def kin(duplicates: Iterable[Case], parts: Iterable[Any]) -> Data:
    """Return the cases that belong to one, as the desk sees them."""
    return {
        "duplicates": [one.service_request_id for one in duplicates],
        "parts": [_part(row) for row in parts],
    }


def _part(row: Any) -> Data:
    return {
        "number": row.number,
        "service_request_id": row.service_request_id,
        "service_code": row.service_code,
        "description": row.description,
        "department": row.with_department or row.department,
        "state": row.state,
        "split_datetime": moment(row.split),
        "called_off_datetime": moment(row.called_off),
    }
