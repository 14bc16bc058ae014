"""What happened to Boston's requests, as the events that routing hears."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from towns.boston.file import Row
from towns.boston.pack import CITY, Choose, group_of, usual_departments


def happened(rows: Iterable[Row], choose: Choose) -> list[tuple[datetime, str, Any]]:
    """Return what happened to the requests in the order of time: when, type of event, its data.

    The file knows the department that had a case in the end; one that was not the service's own
    got it by a move of its own ("not ours"), when is not known: just before it was closed.
    """
    rows = list(rows)
    usual = usual_departments(rows)
    facts: list[tuple[datetime, str, Any]] = []
    for row in rows:
        facts.append((row.requested, "request.submitted.v1", _submitted(row, choose(row)[0])))
        if row.closed is None:
            continue
        own = usual[row.service_code]
        if own != row.department:
            passed_on = {"reason": "as the file has it", "to_department": row.department}
            facts.append((row.closed, "update.sent.v1", _update(row, own, "not_ours", **passed_on)))
        facts.append((row.closed, "update.sent.v1", _ending(row)))
    return sorted(facts, key=lambda fact: fact[0])  # stable: what is due at once stays in order


def _ending(row: Row) -> dict[str, Any]:
    move, code = (
        ("refused", "not-found") if "Invalid" in row.notes[:25] else ("resolved", "repaired")
    )
    return _update(row, row.department, move, outcome_code=code, words="Case closed")


def _update(row: Row, department: str, move: str, **more: Any) -> dict[str, Any]:
    return {
        "jurisdiction_id": CITY,
        "service_request_id": row.request_id,
        "update_id": f"{row.request_id}-{move}",
        "department": department,
        "move": move,
        **more,
    }


def _submitted(row: Row, service_code: str) -> dict[str, Any]:
    nothing = dict.fromkeys(("address_id", "zipcode", "lat", "long", "district", "description"))
    return {
        **nothing,
        "jurisdiction_id": CITY,
        "service_request_id": row.request_id,
        "service_code": service_code,
        "service_group": group_of(row),
        "address": "Boston",
        "channel": row.channel,
        "attributes": [],
        "media": [],
        "media_url": [],
        "visibility": "public",
        "language": "en",
        "contactable": False,
        "imported": False,
        "requested_datetime": row.requested.isoformat(),
    }
