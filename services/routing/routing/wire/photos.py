"""The photos of a case, as staff see them: what each is for, and where it can be seen now."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Data = dict[str, Any]
Show = Callable[[str], Mapping[str, str]]
"""The address of each size of a photo."""

_NOT_RESULTS = {"noted": "internal", "party_answered": "internal"}


def photos(report: Mapping[str, Any], entries: Iterable[Data], show: Show) -> list[Data]:
    """Return each photo once for each thing it is for: the report's first, then as they came.

    What a move brought is a result; what a note or an outside party brought is for staff.
    """
    found: dict[tuple[str, str], str | None] = {}
    for media_id in report["media"]:
        found.setdefault(("report", media_id), report["requested_datetime"])
    for entry in entries:
        for media_id in entry.get("media") or ():
            found.setdefault((_NOT_RESULTS.get(entry["what"], "result"), media_id), entry["at"])
    return [
        {"media_id": media_id, "role": role, "at": at, "urls": dict(show(media_id))}
        for (role, media_id), at in found.items()
    ]
