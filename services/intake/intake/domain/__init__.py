"""What a request is and how it may change: values in, values out; no clock, no I/O."""

import dataclasses
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from intake.domain.searches import (
    SEARCH_DAYS,
    SEARCH_ROWS,
    Order,
    Search,
    ids_begun,
    search_window,
)

__all__ = ["SEARCH_DAYS", "SEARCH_ROWS", "Order", "Search", "ids_begun", "search_window"]

Visibility = Literal["public", "pending", "private", "hidden"]
Status = Literal["open", "closed"]

COMMENT_PHOTO = "comment"  # the role, here, of a photo that belongs to a comment
# Crockford's digits: none is taken for another when an id is read out on the phone.
_SPEAKABLE = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_SPOKEN = 10  # letters, 50 bits: not to be guessed, and unique enough to try again on a clash
# What a case may do next only after somebody has taken it on.
_TAKEN_ON = frozenset({"accepted", "in_progress", "waiting", "resolved", "closed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the reporter answered to one question of the service definition."""

    code: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where it is: WGS 84 degrees (both or none), or words, or a number of the city's register."""

    lat: float | None = None
    long: float | None = None
    address: str | None = None
    address_id: str | None = None
    zipcode: str | None = None
    district: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """Who reported, as far as told; never leaves intake."""

    email: str | None = None
    phone: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    device_id: str | None = None
    account_id: str | None = None

    @property
    def known(self) -> bool:
        """Whether anything at all was told."""
        return self != _NOBODY


_NOBODY = Reporter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What one can report to, as far as a new request needs to know."""

    service_code: str
    service_name: str
    service_group: str
    type: Literal["realtime", "batch", "blackbox"]
    private: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A version of what a service asks, with its questions as they are kept."""

    version: str
    attributes: list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came in, read and checked, before it becomes a request."""

    jurisdiction_id: str
    place: Place
    description: str | None
    answers: tuple[Answer, ...]
    media_url: tuple[str, ...]
    reporter: Reporter
    language: str
    channel: str
    requested_datetime: datetime | None = None  # of reports that are older than now
    imported: bool = False
    title: str | None = None
    service_object_id: str | None = None
    service_object_type: str | None = None
    definition_version: str | None = None  # of the questions that the answers were made for
    stale_form: bool = False  # those were asked before and are not asked any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Who of the staff typed a report in for a citizen, and whether that shall stay a secret.

    A citizen in confidence is known to the ombudsman alone.
    """

    subject: str
    confidential: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A picture at media. ``told`` says that somebody meant it for this request."""

    media_id: str
    role: str | None = None
    path: str | None = None
    told: bool = False
    removed: bool = False

    @property
    def shown(self) -> bool:
        """Whether it belongs on the request's pages: kept, there, and of the report or a move."""
        told = self.role == "report" or (self.role == "result" and self.told)
        return bool(self.path) and told and not self.removed


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request with all that anybody may be shown about it; the reporter stands elsewhere.

    ``revision`` rises with every change and is the sequence of intake's events.
    ``routed_sequence`` and ``moved_sequence`` are the last ones heard of routing.
    """

    service_request_id: str
    jurisdiction_id: str
    token: str | None
    service_code: str
    service_name: str
    service_group: str
    visibility: Visibility
    status: Status
    state: str
    place: Place
    description: str | None
    answers: tuple[Answer, ...]
    photos: tuple[Photo, ...]
    media_url: tuple[str, ...]
    language: str
    channel: str
    imported: bool
    contactable: bool
    requested_datetime: datetime
    updated_datetime: datetime
    closed_datetime: datetime | None = None
    expected_datetime: datetime | None = None
    department: str | None = None
    agency_responsible: str | None = None
    service_notice: str | None = None
    status_notes: str | None = None
    title: str | None = None
    service_object_id: str | None = None
    service_object_type: str | None = None
    definition_version: str | None = None
    stale_form: bool = False
    reported_service_code: str | None = None  # the reporter's, where the city chose another
    revision: int = 1
    routed_sequence: int = 0
    moved_sequence: int = 0

    @property
    def answered_service_code(self) -> str:
        """The service whose questions the answers were made for."""
        return self.reported_service_code or self.service_code

    @property
    def heard_sequence(self) -> int:
        """The newest that was heard of routing."""
        return max(self.routed_sequence, self.moved_sequence)

    @property
    def answers_to_its_id(self) -> bool:
        """Whether the reporter may know the id: a batch request has none before it is accepted."""
        return self.visibility != "pending"

    def shown_photos(self, role: str) -> tuple[Photo, ...]:
        """Return the photos of a role that belong on the request's pages, in their order."""
        return tuple(photo for photo in self.photos if photo.shown and photo.role == role)


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """What makes a report this report when it is sent again: whose key, their id, what it says.

    ``fingerprint`` is the same for two reports that say the same.
    """

    key_id: str
    client_request_id: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """What was answered when a report with its sender's id came for the first time.

    ``answer`` leaves out the reporter's account; ``location`` is a path below the endpoint.
    """

    fingerprint: str
    service_request_id: str
    answer: Mapping[str, Any]
    location: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A request as its readers get it, made when it changes and not when it is read."""

    version: int
    json: bytes
    xml: bytes
    has_photo: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Words that wait, were sent, or are given up; the address stands elsewhere.

    They are for a supporter or an office (department, department_head, ombudsman) if one is named,
    else for the reporter. The words and the address of a letter with a link are fetched.
    """

    message_id: str
    service_request_id: str
    jurisdiction_id: str
    purpose: str
    language: str
    subject: str
    body: str
    attempts: int = 0
    supporter_id: str | None = None
    office: str | None = None
    department: str | None = None
    link_id: str | None = None


def new_id(prefix: str, drawn: bytes | None = None) -> str:
    """Return an id that can be read out on the phone, such as ``SDR-7K3M9-QX2HT``.

    It is made of ten bytes that were drawn, or of new ones.
    """
    letters = [_SPEAKABLE[byte % 32] for byte in drawn or secrets.token_bytes(_SPOKEN)]
    return f"{prefix}-{''.join(letters[:5])}-{''.join(letters[5:_SPOKEN])}"


def new_token() -> str:
    """Return a token that cannot be guessed (128 bits) and is safe in any URL."""
    return secrets.token_hex(16)


def first_visibility(service: Service) -> Visibility:
    """Return who may see a new request of a service."""
    if service.type == "batch":
        return "pending"
    return "private" if service.private else "public"


def open_request(
    report: Report,
    service: Service,
    photos: Iterable[Photo],
    *,
    service_request_id: str,
    now: datetime,
) -> Request:
    """Return the request that a report makes, in whole seconds as GeoReport shows them."""
    requested = (report.requested_datetime or now).replace(microsecond=0)
    return Request(
        service_request_id=service_request_id,
        jurisdiction_id=report.jurisdiction_id,
        token=new_token() if service.type == "batch" else None,
        service_code=service.service_code,
        service_name=service.service_name,
        service_group=service.service_group,
        visibility=first_visibility(service),
        status="open",
        state="received",
        place=report.place,
        description=report.description,
        answers=report.answers,
        photos=tuple(photos),
        media_url=report.media_url,
        language=report.language,
        channel=report.channel,
        imported=report.imported,
        contactable=report.reporter.email is not None,
        requested_datetime=requested,
        updated_datetime=requested,
        title=report.title,
        service_object_id=report.service_object_id,
        service_object_type=report.service_object_type,
        definition_version=report.definition_version,
        stale_form=report.stale_form,
    )


def recategorised(request: Request, service: Service) -> Request:
    """Return the request as one to the service that the city says it is about.

    What was answered stays, and which service it was answered to. Nothing that goes to a private
    service stays public; what comes from one does not become so by itself.
    """
    code = service.service_code
    if code == request.service_code:
        return request
    hides = service.private and request.visibility == "public"
    return dataclasses.replace(
        request,
        service_code=code,
        service_name=service.service_name,
        service_group=service.service_group,
        reported_service_code=None
        if code == request.answered_service_code
        else request.answered_service_code,
        visibility="private" if hides else request.visibility,
    )


def routed(
    request: Request,
    *,
    sequence: int,
    department: str,
    agency_responsible: str,
    expected_datetime: datetime | None,
    at: datetime,
) -> Request:
    """Return the request with the department that answers for it; unchanged by an older word."""
    if sequence <= request.routed_sequence:
        return request
    newest = sequence > request.moved_sequence
    return dataclasses.replace(
        request,
        routed_sequence=sequence,
        department=department,
        agency_responsible=agency_responsible,
        state="routed" if newest else request.state,
        expected_datetime=expected_datetime if newest else request.expected_datetime,
        # An imported request was routed today; that is no news about it.
        updated_datetime=request.updated_datetime
        if request.imported or request.status == "closed"
        else max(request.updated_datetime, at.replace(microsecond=0)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What routing says of a case that went from one state to another."""

    sequence: int
    state: str
    status: Status
    words: str | None
    media: tuple[str, ...]
    expected_datetime: datetime | None
    closed_datetime: datetime | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened to a request, as its reporter is shown it."""

    state: str
    words: str | None
    at: datetime
    status: Status = "open"
    media: tuple[str, ...] = ()


def moved(request: Request, move: Move, *, private_service: bool) -> Request:
    """Return the request after a move of its case; unchanged by an older word.

    A pending request that somebody has taken on becomes visible (unless its service never is).
    For a closed request ``updated_datetime`` is the time of closing.
    """
    if move.sequence <= request.moved_sequence:
        return request
    news = move.closed_datetime if move.status == "closed" else None
    reopened = (request.status, move.status) == ("closed", "open")  # the old words are past
    visibility = request.visibility
    if visibility == "pending" and move.state in _TAKEN_ON:
        visibility = "private" if private_service else "public"
    return dataclasses.replace(
        request,
        moved_sequence=move.sequence,
        state=move.state,
        status=move.status,
        status_notes=move.words or (None if reopened else request.status_notes),
        photos=_told(request.photos, move.media),
        expected_datetime=move.expected_datetime,
        closed_datetime=move.closed_datetime,
        updated_datetime=max(request.requested_datetime, (news or move.at).replace(microsecond=0)),
        visibility=visibility,
    )


def _told(photos: tuple[Photo, ...], media: Iterable[str]) -> tuple[Photo, ...]:
    """Mark photos that a move names; one that is not there yet waits for media's word."""
    known = {photo.media_id: photo for photo in photos}
    for media_id in media:
        found = known.get(media_id) or Photo(media_id=media_id)
        known[media_id] = dataclasses.replace(found, told=True)
    return tuple(known.values())


def photo_stored(request: Request, *, media_id: str, role: str, path: str) -> Request:
    """Return the request with a photo that media keeps now; a comment's stays the comment's."""
    known = {photo.media_id: photo for photo in request.photos}
    found = known.get(media_id) or Photo(media_id=media_id)
    role = COMMENT_PHOTO if found.role == COMMENT_PHOTO else role
    known[media_id] = dataclasses.replace(found, role=role, path=path)
    return dataclasses.replace(request, photos=tuple(known.values()))


def photo_removed(request: Request, *, media_id: str) -> Request:
    """Return the request without a photo that is gone for good."""
    known = {photo.media_id: photo for photo in request.photos}
    found = known.get(media_id) or Photo(media_id=media_id)
    known[media_id] = dataclasses.replace(found, removed=True)
    return dataclasses.replace(request, photos=tuple(known.values()))


def shown_as(request: Request, visibility: Visibility, *, at: datetime) -> Request:
    """Return the request as an operator wants it seen."""
    return dataclasses.replace(
        request, visibility=visibility, updated_datetime=_not_before(request, at)
    )


def _not_before(request: Request, at: datetime) -> datetime:
    if request.status == "closed":
        return request.updated_datetime
    return max(request.updated_datetime, at.replace(microsecond=0))
