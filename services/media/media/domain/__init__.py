"""Photos of requests: who may bring one, where it is kept, and who may see it.

No clock, no I/O, no framework: values in, decisions out.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from servicekit.errors import BadInput, Forbidden, ServiceError

Role = Literal["report", "result", "internal"]
PHOTO_ROLES: tuple[Role, ...] = ("report", "result", "internal")
SHOWN_ROLES: tuple[Role, ...] = ("report", "result")
PUBLIC = "public"
MOST_RANGE_DIGITS = 18

_MAY_BRING: Mapping[str, frozenset[Role]] = {
    "report": frozenset({"report"}),
    "department": frozenset({"result", "internal"}),
    "operator": frozenset(PHOTO_ROLES),
    "ombudsman": frozenset(PHOTO_ROLES),
    "administrator": frozenset(PHOTO_ROLES),
}
_JURISDICTION = re.compile(r"[a-z0-9][a-z0-9.-]{1,99}")
_REQUEST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_RANGE = re.compile(rf"bytes=(\d{{0,{MOST_RANGE_DIGITS}}})-(\d{{0,{MOST_RANGE_DIGITS}}})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks. No jurisdictions means every one: that is another service of ours."""

    name: str
    jurisdictions: frozenset[str] = frozenset()
    roles: frozenset[str]

    def sees(self, jurisdiction_id: str) -> bool:
        """Whether photos of that jurisdiction are shown to the caller before they are public."""
        return not self.jurisdictions or jurisdiction_id in self.jurisdictions

    def check_may_bring(self, placing: "Placing") -> None:
        """Raise Forbidden unless the caller may bring such a photo."""
        if not self.sees(placing.jurisdiction_id):
            raise Forbidden(f"the key is not for jurisdiction_id {placing.jurisdiction_id}")
        if not any(placing.role in _MAY_BRING.get(role, ()) for role in self.roles):
            raise Forbidden(f"the key may not bring photos of role {placing.role}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """What a photo is for; without a request it waits until an event attaches it to one."""

    jurisdiction_id: str
    role: Role
    service_request_id: str | None = None

    def __post_init__(self) -> None:
        """Raise BadInput naming the field that cannot be used."""
        if not _JURISDICTION.fullmatch(self.jurisdiction_id):
            raise BadInput("jurisdiction_id must be a bare domain in lower case")
        if self.service_request_id is not None and not _REQUEST.fullmatch(self.service_request_id):
            raise BadInput("service_request_id must be letters, digits, dots, - and _")
        if self.role == "report" and self.service_request_id is None:
            raise BadInput("service_request_id is missing: a photo of role report belongs to one")


@dataclass(frozen=True, slots=True)
class Size:
    """One rendition as it is kept."""

    width: int
    height: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A cleaned photo of one jurisdiction; ``sizes`` always holds ``full``."""

    jurisdiction_id: str
    media_id: str
    sizes: Mapping[str, Size]
    created_at: datetime

    def kept_as(self, size: str) -> str:
        """Return which kept rendition serves a size: nothing is enlarged, ``full`` serves."""
        return size if size in self.sizes else "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A presigned upload: room for one file until it expires."""

    upload_id: str
    placing: Placing
    caller: str
    content_type: str
    created_at: datetime
    expires_at: datetime
    media_id: str | None = None

    @property
    def key(self) -> str:
        """Where the store puts what arrives; outside every jurisdiction's folder."""
        return f"{PENDING}{self.upload_id}"


PENDING = "_pending/"


def folder_of(jurisdiction_id: str, media_id: str) -> str:
    """Return the prefix of all objects of a photo."""
    return f"{jurisdiction_id}/{media_id[:2]}/{media_id}/"


def key_of(jurisdiction_id: str, media_id: str, size: str) -> str:
    """Return the object that holds a rendition."""
    name = "orig" if size == "full" else size
    return f"{folder_of(jurisdiction_id, media_id)}{name}.jpg"


def path_of(media_id: str, size: str = "1024") -> str:
    """Return the path below the public origin."""
    return f"/media/v1/{media_id}/{size}.jpg"


class BadRange(ServiceError):
    """The asked range lies outside the photo."""

    status = 416

    def __init__(self, total: int) -> None:
        super().__init__(f"the range lies outside the {total} bytes")
        self.total = total

    @property
    def headers(self) -> dict[str, str]:
        """The true length, as RFC 9110 wants it beside a 416."""
        return {"Content-Range": f"bytes */{self.total}"}


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a photo: ``length`` bytes from ``offset``."""

    offset: int
    length: int


def part_of(text: str | None, total: int) -> Part | None:
    """Return the piece that a Range header asks for; None means the whole.

    Several ranges, other units and nonsense mean the whole, as RFC 9110 section 14.2 allows.
    Raises BadRange when the range is well formed but holds no byte of the photo.
    """
    found = _RANGE.fullmatch((text or "").replace(" ", ""))
    if not found or not (found[1] or found[2]):
        return None
    if not found[1]:
        length = min(int(found[2]), total)
        first, last = total - length, total - 1
    else:
        first, last = int(found[1]), min(int(found[2] or total), total - 1)
        if found[2] and int(found[2]) < first:
            return None
    if first > last:
        raise BadRange(total)
    return Part(first, last - first + 1)
