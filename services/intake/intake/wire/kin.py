"""Parts of reports as routing tells of them, and as citizens are told."""

from collections.abc import Sequence
from datetime import datetime

from servicekit import georeport
from servicekit.events import Event
from servicekit.packs import Pack

from intake.domain import Request
from intake.domain.kin import Part
from intake.wire.reading import service_of


def parts_of(event: Event) -> list[Part]:
    """Read what a case.split.v1 says."""
    names = Part.__dataclass_fields__
    return [Part(**{name: part[name] for name in names}) for part in event.data["parts"]]


def split_at(event: Event) -> datetime:
    """Return when a case was split."""
    return georeport.read_datetime(event.data["split_datetime"])


def part_told(whole: Request, part: Part, event: Event) -> dict[str, str]:
    """Return what request.submitted.v1 says of a part."""
    return {
        "parent": whole.service_request_id,
        "part_id": part.part_id,
        "split_datetime": event.data["split_datetime"],
    }


def listed(pack: Pack, parts: Sequence[Request], language: str) -> str:
    """Return parts for people: one line each, the number and what it is about."""
    return "\n".join(
        f"{part.service_request_id}: {_service(pack, part, language)}" for part in parts
    )


def _service(pack: Pack, part: Request, language: str) -> str:
    service = pack.services.get(part.service_code)
    return service_of(service, language).service_name if service else part.service_name
