"""Tables and queries of feedback: what is known of requests, who was asked, what was answered."""

import hashlib
import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from servicekit import db, keys
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session

from feedback.domain import (
    Answer,
    Decision,
    Evaluation,
    Invitation,
    Photo,
    Place,
    Resolution,
    Submission,
)

METADATA = db.metadata()
API_KEY = keys.table(METADATA)


def _place_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("jurisdiction_id", sa.Text, primary_key=True),
        sa.Column("service_request_id", sa.Text, primary_key=True),
    ]


REQUEST = sa.Table(
    "request",
    METADATA,
    *_place_columns(),
    sa.Column("revision", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("intake_sequence", sa.BigInteger, nullable=False, server_default="-1"),
    sa.Column("routing_sequence", sa.BigInteger, nullable=False, server_default="-1"),
    sa.Column("submitted", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("submitted_sequence", sa.BigInteger),
    sa.Column("service_code", sa.Text),
    sa.Column("description", sa.Text),
    sa.Column("address", sa.Text),
    sa.Column("language", sa.Text),
    sa.Column("visibility", sa.Text),
    sa.Column("contactable", sa.Boolean),
    sa.Column("imported", sa.Boolean),
    sa.Column("requested_datetime", db.TIME),
)

PHOTO = sa.Table(
    "photo",
    METADATA,
    *_place_columns(),
    sa.Column("media_id", sa.Text, primary_key=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("width", sa.Integer, nullable=False),
    sa.Column("height", sa.Integer, nullable=False),
    sa.Column("stored_at", db.TIME, nullable=False),
    sa.Column("removed", sa.Boolean, nullable=False, server_default=sa.false()),
)

INVITATION = sa.Table(
    "invitation",
    METADATA,
    sa.Column("invitation_id", sa.Text, primary_key=True),
    sa.Column("jurisdiction_id", sa.Text, nullable=False),
    sa.Column("service_request_id", sa.Text, nullable=False),
    sa.Column("resolution_sequence", sa.BigInteger, nullable=False),
    sa.Column("secret_hash", sa.LargeBinary, unique=True),
    sa.Column("department", sa.Text, nullable=False),
    sa.Column("service_code", sa.Text, nullable=False),
    sa.Column("service_group", sa.Text, nullable=False),
    sa.Column("district", sa.Text),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("outcome_code", sa.Text),
    sa.Column("words", sa.Text, nullable=False),
    sa.Column("media", ARRAY(sa.Text), nullable=False),
    sa.Column("reopened_count", sa.Integer, nullable=False),
    sa.Column("resolved_datetime", db.TIME, nullable=False),
    sa.Column("expires_at", db.TIME, nullable=False),
    sa.Column("issued_at", db.TIME),
    sa.Column("withdrawn_at", db.TIME),
    sa.UniqueConstraint(
        "jurisdiction_id",
        "service_request_id",
        "resolution_sequence",
        name="uq_invitation_resolution",
    ),
)

EVALUATION = sa.Table(
    "evaluation",
    METADATA,
    sa.Column("evaluation_id", sa.Text, primary_key=True),
    sa.Column("invitation_id", sa.Text, sa.ForeignKey("invitation.invitation_id"), nullable=False),
    sa.Column("solved", sa.Boolean, nullable=False),
    sa.Column("rating", sa.SmallInteger, nullable=False),
    sa.Column("reasons", ARRAY(sa.Text), nullable=False),
    sa.Column("words", sa.Text, nullable=False),
    sa.Column("decision", sa.Text, nullable=False),
    sa.Column("evaluated_datetime", db.TIME, nullable=False),
    sa.UniqueConstraint("invitation_id"),
    sa.CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
    sa.CheckConstraint("decision IN ('close', 'reopen', 'dispute')", name="decision"),
)


def secret_hash(secret: str) -> bytes:
    """Return what is kept of a link's secret; it has 256 bits, so no slow hash is needed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


# --- requests


def lock_request(session: Session, place: Place) -> sa.Row[Any]:
    """Return the request's row, made when it is new, locked until the transaction ends."""
    made = insert(REQUEST).values(_key(place)).on_conflict_do_nothing()
    session.execute(made)
    return session.execute(sa.select(REQUEST).where(_is(REQUEST, place)).with_for_update()).one()


def is_known(session: Session, place: Place) -> bool:
    """Tell whether anything was ever told of the request."""
    query = sa.select(REQUEST.c.revision).where(_is(REQUEST, place))
    return session.execute(query).first() is not None


def change_request(session: Session, place: Place, **values: Any) -> None:
    """Set columns of the request."""
    session.execute(sa.update(REQUEST).where(_is(REQUEST, place)).values(values))


def next_revision(session: Session, place: Place) -> int:
    """Count the request's facts up by one and return the number of the new one."""
    change = (
        sa.update(REQUEST)
        .where(_is(REQUEST, place))
        .values(revision=REQUEST.c.revision + 1)
        .returning(REQUEST.c.revision)
    )
    return int(session.execute(change).scalar_one())


def save_submission(session: Session, place: Place, told: Submission) -> None:
    """Keep what intake told; visibility only when nothing newer was told about it."""
    newest = REQUEST.c.intake_sequence <= told.sequence
    change_request(
        session,
        place,
        submitted=True,
        submitted_sequence=told.sequence,
        service_code=told.service_code,
        description=told.description,
        address=told.address,
        language=told.language,
        contactable=told.contactable,
        imported=told.imported,
        requested_datetime=told.requested,
        visibility=sa.case((newest, told.visibility), else_=REQUEST.c.visibility),
        intake_sequence=sa.func.greatest(REQUEST.c.intake_sequence, told.sequence),
    )


def get_submission(session: Session, place: Place) -> Submission | None:
    """Return what intake told, None while its event has not come."""
    row = session.execute(sa.select(REQUEST).where(_is(REQUEST, place))).one_or_none()
    if row is None or not row.submitted:
        return None
    return Submission(
        sequence=row.submitted_sequence,
        service_code=row.service_code,
        description=row.description,
        address=row.address,
        language=row.language,
        visibility=row.visibility,
        contactable=row.contactable,
        imported=row.imported,
        requested=row.requested_datetime,
    )


# --- photos


def save_photo(session: Session, place: Place, photo: Photo, at: datetime) -> None:
    """Keep a photo; one that was removed stays removed."""
    row = {
        **_key(place),
        "media_id": photo.media_id,
        "role": photo.role,
        "path": photo.path,
        "width": photo.width,
        "height": photo.height,
        "stored_at": at,
    }
    session.execute(insert(PHOTO).values(row).on_conflict_do_nothing())


def remove_photo(session: Session, place: Place, media_id: str) -> None:
    """Forget where a photo was."""
    here = sa.and_(_is(PHOTO, place), PHOTO.c.media_id == media_id)
    session.execute(sa.update(PHOTO).where(here).values(removed=True))


def photos(session: Session, place: Place) -> list[Photo]:
    """Return the request's photos that are still there, oldest first."""
    query = (
        sa.select(PHOTO)
        .where(_is(PHOTO, place), ~PHOTO.c.removed)
        .order_by(PHOTO.c.stored_at, PHOTO.c.media_id)
    )
    return [_photo(row) for row in session.execute(query)]


# --- invitations


def add_invitation(session: Session, place: Place, told: Resolution, expires: datetime) -> None:
    """Note that a resolution is to be asked about; the same resolution once more is no news."""
    row = {
        "invitation_id": str(uuid.uuid4()),
        **_key(place),
        "resolution_sequence": told.sequence,
        "department": told.department,
        "service_code": told.service_code,
        "service_group": told.service_group,
        "district": told.district,
        "channel": told.channel,
        "outcome_code": told.outcome_code,
        "words": told.words,
        "media": list(told.media),
        "reopened_count": told.reopened_count,
        "resolved_datetime": told.resolved,
        "expires_at": expires,
    }
    session.execute(insert(INVITATION).values(row).on_conflict_do_nothing())


def not_issued(session: Session, place: Place) -> list[Invitation]:
    """Return the invitations that nobody has got yet, oldest first."""
    waiting = sa.and_(INVITATION.c.issued_at.is_(None), INVITATION.c.withdrawn_at.is_(None))
    rows = session.execute(_invitations(place).where(waiting))
    return [_invitation(row) for row in rows]


def issue(session: Session, invitation_id: str, secret: str, at: datetime) -> None:
    """Give an invitation its secret, of which only the hash is kept."""
    change = sa.update(INVITATION).where(INVITATION.c.invitation_id == invitation_id)
    session.execute(change.values(secret_hash=secret_hash(secret), issued_at=at))


def withdraw_invitations(session: Session, place: Place, before: int, at: datetime) -> None:
    """Take back what was asked about resolutions older than routing's sequence ``before``."""
    open_ones = sa.and_(
        _is(INVITATION, place),
        INVITATION.c.resolution_sequence < before,
        INVITATION.c.withdrawn_at.is_(None),
    )
    session.execute(sa.update(INVITATION).where(open_ones).values(withdrawn_at=at))


def find_invitation(session: Session, secret: str) -> Invitation | None:
    """Return the invitation that a link's secret opens."""
    query = _invitations().where(INVITATION.c.secret_hash == secret_hash(secret))
    row = session.execute(query).one_or_none()
    return _invitation(row) if row else None


def get_invitation(session: Session, invitation_id: str) -> Invitation:
    """Return an invitation that is known to be there."""
    query = _invitations().where(INVITATION.c.invitation_id == invitation_id)
    return _invitation(session.execute(query).one())


def invitations(session: Session, place: Place) -> list[Invitation]:
    """Return the request's invitations, oldest first."""
    return [_invitation(row) for row in session.execute(_invitations(place))]


def times_reopened(session: Session, place: Place) -> int:
    """Return how often evaluations have opened this case again."""
    query = (
        sa.select(sa.func.count())
        .select_from(EVALUATION)
        .join(INVITATION)
        .where(_is(INVITATION, place), EVALUATION.c.decision == Decision.REOPEN)
    )
    return session.scalar(query) or 0


def add_evaluation(session: Session, invitation: Invitation, given: Evaluation) -> None:
    """Keep an evaluation."""
    row = {
        "evaluation_id": given.evaluation_id,
        "invitation_id": invitation.invitation_id,
        "solved": given.answer.solved,
        "rating": given.answer.rating,
        "reasons": list(given.answer.reasons),
        "words": given.answer.words,
        "decision": given.decision.value,
        "evaluated_datetime": given.evaluated,
    }
    session.execute(sa.insert(EVALUATION), [row])


def _photo(row: sa.Row[Any]) -> Photo:
    return Photo(
        media_id=row.media_id, role=row.role, path=row.path, width=row.width, height=row.height
    )


def _key(place: Place) -> dict[str, str]:
    return {
        "jurisdiction_id": place.jurisdiction_id,
        "service_request_id": place.service_request_id,
    }


def _is(table: sa.Table, place: Place) -> sa.ColumnElement[bool]:
    return sa.and_(
        table.c.jurisdiction_id == place.jurisdiction_id,
        table.c.service_request_id == place.service_request_id,
    )


def _invitations(place: Place | None = None) -> sa.Select[Any]:
    given = [column for column in EVALUATION.c if column.name not in {"words", "invitation_id"}]
    query = sa.select(INVITATION, *given, EVALUATION.c.words.label("said")).outerjoin(EVALUATION)
    query = query.order_by(INVITATION.c.resolution_sequence)
    return query.where(_is(INVITATION, place)) if place else query


def _invitation(row: sa.Row[Any]) -> Invitation:
    return Invitation(
        invitation_id=row.invitation_id,
        place=Place(jurisdiction_id=row.jurisdiction_id, service_request_id=row.service_request_id),
        resolution=_resolution(row),
        expires=row.expires_at,
        issued=row.issued_at is not None,
        withdrawn=row.withdrawn_at is not None,
        evaluation=_evaluation(row) if row.evaluation_id else None,
    )


def _resolution(row: sa.Row[Any]) -> Resolution:
    return Resolution(
        sequence=row.resolution_sequence,
        department=row.department,
        service_code=row.service_code,
        service_group=row.service_group,
        district=row.district,
        channel=row.channel,
        outcome_code=row.outcome_code,
        words=row.words,
        media=tuple(row.media),
        reopened_count=row.reopened_count,
        resolved=row.resolved_datetime,
    )


def _evaluation(row: sa.Row[Any]) -> Evaluation:
    return Evaluation(
        evaluation_id=row.evaluation_id,
        answer=Answer(
            solved=row.solved, rating=row.rating, reasons=tuple(row.reasons), words=row.said
        ),
        decision=Decision(row.decision),
        evaluated=row.evaluated_datetime,
    )
