"""Shapes on the wire: events read and built, JSON for HTTP, the words of the invitation's mail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from servicekit.events import Event
from servicekit.packs import Pack, text

from feedback.domain import (
    Answer,
    Decision,
    Evaluation,
    Invitation,
    Photo,
    Place,
    Policy,
    Resolution,
    Submission,
)

PURPOSE = "evaluation_invitation"
MAIL_WORDS_MAX = 4000
MAIL_SUBJECT_MAX = 200


@dataclass(frozen=True, kw_only=True)
class Fact:
    """An event to be written: its type and data."""

    type: str
    place: Place
    data: dict[str, Any]


# --- events read


def place_of(event: Event) -> Place:
    """Return which request an event is about."""
    return Place(
        jurisdiction_id=event.data["jurisdiction_id"],
        service_request_id=event.data["service_request_id"],
    )


def read_submission(event: Event) -> Submission:
    """Return what request.submitted.v1 tells."""
    data = event.data
    return Submission(
        sequence=event.sequence,
        service_code=data["service_code"],
        description=data["description"] or "",
        address=data["address"] or "",
        language=data["language"],
        visibility=data["visibility"],
        contactable=data["contactable"],
        imported=data["imported"],
        requested=_read_time(data["requested_datetime"]),
    )


def read_resolution(event: Event) -> Resolution:
    """Return the resolution that a case.moved.v1 to resolved tells of."""
    data = event.data
    return Resolution(
        sequence=event.sequence,
        department=data["department"],
        service_code=data["service_code"],
        service_group=data["service_group"],
        district=data["district"],
        channel=data["channel"],
        outcome_code=data["outcome_code"],
        words=data["words"] or "",
        media=tuple(data["media"]),
        reopened_count=data["reopened_count"],
        resolved=_read_time(data["moved_datetime"]),
    )


def read_photo(event: Event) -> Photo:
    """Return the photo that media.stored.v1 tells of."""
    data = event.data
    return Photo(
        media_id=data["media_id"],
        role=data["role"],
        path=data["path"],
        width=data["width"],
        height=data["height"],
    )


# --- events written


def invitation_issued(invitation: Invitation) -> Fact:
    """Tell that an invitation exists and until when it can be answered."""
    data = {
        "invitation_id": invitation.invitation_id,
        "expires_datetime": write_time(invitation.expires),
    }
    return _fact("invitation.issued.v1", invitation, data)


def message_requested(
    invitation: Invitation, told: Submission, pack: Pack, *, public_url: str, secret: str
) -> Fact:
    """Ask intake to send the invitation, in the reporter's language and the city's words."""
    texts = pack.words(told.language)
    language = texts.language
    mail = texts.messages[PURPOSE].filled(
        {
            **_of_request(invitation, told, pack, language),
            "words": _cut(invitation.resolution.words),
            "outcome": outcome_name(pack, invitation.resolution.outcome_code, language),
            "evaluate_url": f"{public_url}/evaluate/{secret}",
            "valid_until": last_day(invitation, pack).strftime(texts.date),
        }
    )
    data = {
        "message_id": f"{invitation.invitation_id}-invitation",
        "purpose": PURPOSE,
        "language": language,
        "message_subject": mail.subject[:MAIL_SUBJECT_MAX],
        "body": mail.body,
    }
    return _fact("message.requested.v1", invitation, data)


def request_evaluated(invitation: Invitation, given: Evaluation) -> Fact:
    """Tell what the citizen answered; the words stay here."""
    resolution = invitation.resolution
    data = {
        "evaluation_id": given.evaluation_id,
        "department": resolution.department,
        "service_code": resolution.service_code,
        "service_group": resolution.service_group,
        "district": resolution.district,
        "channel": resolution.channel,
        "solved": given.answer.solved,
        "rating": given.answer.rating,
        "reasons": list(given.answer.reasons),
        "has_words": bool(given.answer.words),
        "reopen": given.decision is Decision.REOPEN,
        "evaluated_datetime": write_time(given.evaluated),
        "resolved_datetime": write_time(resolution.resolved),
    }
    return _fact("request.evaluated.v1", invitation, data)


def request_disputed(invitation: Invitation, given: Evaluation) -> Fact:
    """Tell the ombudsman that the citizen does not agree, and that nothing opens by itself."""
    data = {
        "evaluation_id": given.evaluation_id,
        "department": invitation.resolution.department,
        "disputed_datetime": write_time(given.evaluated),
    }
    return _fact("request.disputed.v1", invitation, data)


def _fact(kind: str, invitation: Invitation, data: dict[str, Any]) -> Fact:
    named = {
        "jurisdiction_id": invitation.place.jurisdiction_id,
        "service_request_id": invitation.place.service_request_id,
    }
    return Fact(type=kind, place=invitation.place, data={**named, **data})


def _of_request(
    invitation: Invitation, told: Submission, pack: Pack, language: str
) -> dict[str, str]:
    texts = pack.texts[language]
    return {
        "service_request_id": invitation.place.service_request_id,
        "service_name": service_name(pack, told.service_code, language),
        "description": _cut(told.description),
        "address": _cut(told.address),
        "requested_datetime": texts.when(told.requested, pack.city.zone),
        "department": department_name(pack, invitation.resolution.department, language),
        "city": text(pack.city.name, language),
        "contact_email": pack.city.contact.email,
        "contact_phone": pack.city.contact.phone,
    }


def _cut(words: str) -> str:
    return words if len(words) <= MAIL_WORDS_MAX else f"{words[: MAIL_WORDS_MAX - 1]}…"


# --- names out of the pack


def policy_of(pack: Pack) -> Policy:
    """Return what the pack says about evaluations."""
    rules = pack.city.evaluation
    return Policy(
        invitation_valid_days=rules.invitation_valid_days,
        reopening=rules.reopening,
        reasons=frozenset(reason.code for reason in rules.reasons),
    )


def service_name(pack: Pack, code: str, language: str) -> str:
    """Return the service's name; its code when the pack does not know it any more."""
    known = pack.services.get(code)
    return text(known.service_name, language) if known else code


def department_name(pack: Pack, department: str, language: str) -> str:
    """Return the department's name; its id when the pack does not know it any more."""
    known = pack.departments.get(department)
    return text(known.name, language) if known else department


def outcome_name(pack: Pack, code: str | None, language: str) -> str:
    """Return the outcome's name, empty when there is none."""
    known = pack.city.outcomes.get(code) if code else None
    return text(known.name, language) if known else code or ""


def last_day(invitation: Invitation, pack: Pack) -> datetime:
    """Return the last moment of an invitation in the city's time."""
    return (invitation.expires - timedelta(seconds=1)).astimezone(pack.city.zone)


# --- HTTP


def read_body(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an answer as ``domain.check_answer`` takes them."""
    return {
        "solved": body.get("solved"),
        "rating": body.get("rating"),
        "reasons": body.get("reasons") or [],
        "words": body.get("words") or "",
    }


def invitation_shown(
    invitation: Invitation,
    told: Submission,
    shown: Sequence[Photo],
    pack: Pack,
    *,
    language: str,
    now: datetime,
) -> dict[str, Any]:
    """Return an invitation as JSON, with all that its holder needs to answer."""
    resolution, policy = invitation.resolution, policy_of(pack)
    return {
        **_names(invitation),
        "standing": invitation.standing(now).value,
        "service_code": resolution.service_code,
        "service_name": service_name(pack, resolution.service_code, language),
        "description": told.description,
        "address": told.address,
        "requested_datetime": write_time(told.requested),
        "resolved_datetime": write_time(resolution.resolved),
        "department": resolution.department,
        "agency_responsible": department_name(pack, resolution.department, language),
        "outcome_code": resolution.outcome_code,
        "outcome_name": outcome_name(pack, resolution.outcome_code, language) or None,
        "words": resolution.words,
        "photos": [_photo(photo) for photo in shown],
        "reasons": [
            {"code": reason.code, "name": text(reason.name, language)}
            for reason in pack.city.evaluation.reasons
        ],
        "expires_datetime": write_time(invitation.expires),
        "reopen_until_datetime": write_time(policy.reopens_until(resolution.resolved)),
        "evaluation": evaluation_shown(invitation) if invitation.evaluation else None,
    }


def evaluation_shown(invitation: Invitation) -> dict[str, Any]:
    """Return the evaluation that an invitation was answered with, as JSON."""
    given = invitation.evaluation
    if given is None:
        raise ValueError(f"invitation {invitation.invitation_id} has no evaluation")
    answer: Answer = given.answer
    return {
        **_names(invitation),
        "evaluation_id": given.evaluation_id,
        "solved": answer.solved,
        "rating": answer.rating,
        "reasons": list(answer.reasons),
        "words": answer.words,
        "decision": given.decision.value,
        "evaluated_datetime": write_time(given.evaluated),
        "resolved_datetime": write_time(invitation.resolution.resolved),
        "department": invitation.resolution.department,
    }


def write_time(when: datetime) -> str:
    """Return RFC 3339 in UTC."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _names(invitation: Invitation) -> dict[str, str]:
    return {
        "jurisdiction_id": invitation.place.jurisdiction_id,
        "service_request_id": invitation.place.service_request_id,
    }


def _photo(photo: Photo) -> dict[str, Any]:
    return {
        "media_id": photo.media_id,
        "role": photo.role,
        "path": photo.path,
        "width": photo.width,
        "height": photo.height,
    }


def _read_time(written: str) -> datetime:
    return datetime.fromisoformat(written)
