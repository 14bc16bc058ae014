"""What feedback can be asked; each function takes an open session and never commits."""

import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from servicekit.errors import BadInput, NotFound
from servicekit.outbox import Outbox
from servicekit.packs import Pack
from sqlalchemy.orm import Session

from feedback import domain, store, wire
from feedback.domain import (
    Answer,
    Decision,
    Evaluation,
    Invitation,
    NotOpen,
    Photo,
    Place,
    Policy,
    Resolution,
    Standing,
    Submission,
)

# In these states nobody is working on the case: what was asked about its resolution stands.
AT_REST = frozenset({"resolved", "closed"})


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What every action needs: where facts are written, the cities, the address of the pages."""

    outbox: Outbox
    packs: Mapping[str, Pack]
    public_url: str

    def pack(self, jurisdiction_id: str) -> Pack:
        """Return the city's pack; raises NotFound when this deployment has none."""
        if jurisdiction_id not in self.packs:
            raise NotFound(f"jurisdiction_id {jurisdiction_id} is not known here")
        return self.packs[jurisdiction_id]

    def policy(self, place: Place) -> Policy:
        """Return the city's rules about evaluations."""
        return wire.policy_of(self.pack(place.jurisdiction_id))

    def tell(self, session: Session, fact: wire.Fact, now: datetime) -> None:
        """Write a fact down; the request's row is locked by the caller."""
        self.outbox.put(
            session,
            type=fact.type,
            subject=fact.place.service_request_id,
            sequence=store.next_revision(session, fact.place),
            data=fact.data,
            time=now,
        )


# --- what the log tells


def learn_submission(
    session: Session, desk: Desk, place: Place, told: Submission, *, now: datetime
) -> int:
    """Keep what intake tells of a request; return how many invitations waited for it."""
    store.lock_request(session, place)
    store.save_submission(session, place, told)
    return issue_invitations(session, desk, place, now=now)


def learn_visibility(session: Session, place: Place, visibility: str, sequence: int) -> None:
    """Keep who may see the request, unless something newer is known."""
    known = store.lock_request(session, place)
    if known.intake_sequence < sequence:
        store.change_request(session, place, visibility=visibility, intake_sequence=sequence)


def learn_move(
    session: Session,
    desk: Desk,
    place: Place,
    *,
    state: str,
    resolution: Resolution | None,
    sequence: int,
    now: datetime,
) -> int:
    """Invite when the case is resolved; return how many were invited.

    When the case is worked on again, what was asked about an older resolution is taken back.
    A move older than what is known changes nothing.
    """
    known = store.lock_request(session, place)
    if known.routing_sequence >= sequence:
        return 0
    store.change_request(session, place, routing_sequence=sequence)
    if resolution is not None or state not in AT_REST:
        store.withdraw_invitations(session, place, sequence, now)
    if resolution is None:
        return 0
    expires = desk.policy(place).expires(resolution.resolved)
    store.add_invitation(session, place, resolution, expires)
    return issue_invitations(session, desk, place, now=now)


def issue_invitations(session: Session, desk: Desk, place: Place, *, now: datetime) -> int:
    """Issue what waits to be issued, once the request is known; return how many."""
    told = store.get_submission(session, place)
    waiting = store.not_issued(session, place) if told else []
    for invitation in waiting:
        _issue(session, desk, invitation, told, now=now)
    return len(waiting)


def _issue(
    session: Session, desk: Desk, invitation: Invitation, told: Submission | None, *, now: datetime
) -> None:
    secret = secrets.token_urlsafe(32)
    store.issue(session, invitation.invitation_id, secret, now)
    desk.tell(session, wire.invitation_issued(invitation), now)
    if told and domain.wants_message(told, invitation, now):
        pack = desk.pack(invitation.place.jurisdiction_id)
        message = wire.message_requested(
            invitation, told, pack, public_url=desk.public_url, secret=secret
        )
        desk.tell(session, message, now)


# --- what the citizen asks


@dataclass(frozen=True, kw_only=True)
class Asked:
    """An invitation with all that its page shows."""

    invitation: Invitation
    told: Submission
    before: Sequence[Photo]
    after: Sequence[Photo]
    if_not_solved: Decision


def open_invitation(session: Session, desk: Desk, secret: str, *, now: datetime) -> Asked:
    """Return what a link opens; raises NotFound when nothing was ever sent with it."""
    invitation = store.find_invitation(session, secret)
    told = store.get_submission(session, invitation.place) if invitation else None
    if invitation is None or told is None:
        raise NotFound("there is no such invitation")
    photos = store.photos(session, invitation.place) if told.visibility == "public" else []
    result = set(invitation.resolution.media)
    return Asked(
        invitation=invitation,
        told=told,
        before=[photo for photo in photos if photo.role == "report"],
        after=[photo for photo in photos if photo.role == "result" and photo.media_id in result],
        if_not_solved=_decide(session, desk, invitation, Answer(solved=False, rating=1), at=now),
    )


def evaluate(
    session: Session, desk: Desk, secret: str, fields: Mapping[str, Any], *, now: datetime
) -> tuple[Invitation, bool]:
    """Take the answer to an invitation; return it answered, and whether this was the first answer.

    A second answer changes nothing and gets the first one back. Raises NotFound for an unknown
    link, NotOpen when it is over, BadAnswer naming the fields.
    """
    found = store.find_invitation(session, secret)
    if found is None:
        raise NotFound("there is no such invitation")
    return _answer(session, desk, found, fields, at=now, now=now)


def import_evaluation(
    session: Session,
    desk: Desk,
    place: Place,
    fields: Mapping[str, Any],
    *,
    evaluated: datetime,
    now: datetime,
) -> tuple[Invitation, bool]:
    """Take an answer that was given at ``evaluated``, to the newest invitation of a request.

    Raises NotFound when the request was never resolved, BadInput when the moment lies before the
    resolution or in the future, NotOpen when it lies after the invitation's end.
    """
    known = store.invitations(session, place)
    if not known:
        raise NotFound(f"service_request_id {place.service_request_id} has no resolution")
    if not known[-1].resolution.resolved <= evaluated <= now:
        raise BadInput("evaluated_datetime must lie between the resolution and now")
    return _answer(session, desk, known[-1], fields, at=evaluated, now=now)


def _answer(
    session: Session,
    desk: Desk,
    found: Invitation,
    fields: Mapping[str, Any],
    *,
    at: datetime,
    now: datetime,
) -> tuple[Invitation, bool]:
    store.lock_request(session, found.place)
    invitation = store.get_invitation(session, found.invitation_id)
    standing = invitation.standing(at)
    if standing is Standing.ANSWERED:
        return invitation, False
    if standing is not Standing.OPEN:
        raise NotOpen(standing)
    answer = domain.check_answer(**fields, policy=desk.policy(invitation.place))
    decision = _decide(session, desk, invitation, answer, at=at)
    given = Evaluation(
        evaluation_id=str(uuid.uuid4()), answer=answer, decision=decision, evaluated=at
    )
    store.add_evaluation(session, invitation, given)
    desk.tell(session, wire.request_evaluated(invitation, given), now)
    if decision is Decision.DISPUTE:
        desk.tell(session, wire.request_disputed(invitation, given), now)
    return store.get_invitation(session, invitation.invitation_id), True


def _decide(
    session: Session, desk: Desk, invitation: Invitation, answer: Answer, *, at: datetime
) -> Decision:
    return domain.decide(
        answer,
        resolution=invitation.resolution,
        reopened=store.times_reopened(session, invitation.place),
        now=at,
        policy=desk.policy(invitation.place),
    )


def evaluations(session: Session, place: Place) -> list[Invitation]:
    """Return the invitations of a request that were answered, oldest first.

    Raises NotFound when the request is not known in that jurisdiction.
    """
    if not store.is_known(session, place):
        raise NotFound(f"service_request_id {place.service_request_id} was not found")
    return [one for one in store.invitations(session, place) if one.evaluation is not None]
