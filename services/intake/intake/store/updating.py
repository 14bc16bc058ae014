"""Updates: moves and comments read as one list, and comments as they are written down."""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Session

from intake.domain import Request
from intake.domain.updates import Said, Update, UpdateSearch, comment_id, move_id
from intake.store.requests import PUBLIC, one_of
from intake.store.tables import COMMENT, COMMENTER, HISTORY, REQUEST

_PERSON = ("email", "phone", "first_name", "last_name")


def known_comment(
    session: Session, jurisdiction_id: str, sender: str, sender_update_id: str
) -> tuple[str, str] | None:
    """Return request and update_id of what a sender said under a number before, or None."""
    query = sa.select(COMMENT.c.service_request_id, COMMENT.c.sequence).where(
        COMMENT.c.jurisdiction_id == jurisdiction_id,
        COMMENT.c.sender == sender,
        COMMENT.c.sender_update_id == sender_update_id,
    )
    row = session.execute(query).one_or_none()
    if row is None:
        return None
    return row.service_request_id, comment_id(row.service_request_id, row.sequence)


def add_comment(
    session: Session, request: Request, said: Said, media: Sequence[str], at: Any
) -> bool:
    """Store a comment that made the request's revision; False when its number is known."""
    made = (
        insert(COMMENT)
        .values(
            service_request_id=request.service_request_id,
            sequence=request.revision,
            jurisdiction_id=request.jurisdiction_id,
            sender=said.sender,
            sender_update_id=said.sender_update_id,
            status=said.status,
            state=request.state,
            description=said.description,
            media=list(media),
            media_url=list(said.media_url),
            commented_datetime=said.commented_datetime,
            at=at,
        )
        .on_conflict_do_nothing()
        .returning(COMMENT.c.sequence)
    )
    if session.execute(made).first() is None:
        return False
    person = {name: getattr(said.commenter, name) for name in _PERSON}
    if any(person.values()):
        whose = {"service_request_id": request.service_request_id, "sequence": request.revision}
        session.execute(sa.insert(COMMENTER), [{**whose, **person}])
    return True


def hide_comment(session: Session, service_request_id: str, sequence: int, *, hidden: bool) -> bool:
    """Take a comment out of all lists, or put it back; False when there is none."""
    mine = (COMMENT.c.service_request_id == service_request_id, COMMENT.c.sequence == sequence)
    done = sa.update(COMMENT).where(*mine).values(hidden=hidden).returning(COMMENT.c.sequence)
    return session.execute(done).first() is not None


def list_updates(session: Session, search: UpdateSearch) -> list[Update]:
    """Return the updates of a window, oldest first; each side gives no more than is shown."""
    most = search.page * search.page_size
    sides = [_moves(search).limit(most), _comments(search).limit(most)]
    both = sa.union_all(*(side.subquery().select() for side in sides)).subquery("update")
    c = both.c
    query = (
        sa.select(both)
        .order_by(c.at, c.service_request_id, c.comment, c.sequence)
        .limit(search.page_size)
        .offset(most - search.page_size)
    )
    return [_update(row) for row in session.execute(query)]


def updates_of(session: Session, service_request_ids: Sequence[str]) -> list[Update]:
    """Return all that happened to some requests, whoever may see them, oldest first."""
    sides = [
        _side(HISTORY, comment=False).where(one_of(HISTORY.c, service_request_ids)),
        _side(COMMENT, comment=True).where(one_of(COMMENT.c, service_request_ids)),
    ]
    both = sa.union_all(*sides).subquery("update")
    query = sa.select(both).order_by(both.c.at, both.c.comment, both.c.sequence)
    return [_update(row) for row in session.execute(query)]


def _moves(search: UpdateSearch) -> sa.Select[Any]:
    return _listed(_side(HISTORY, comment=False), HISTORY, search)


def _comments(search: UpdateSearch) -> sa.Select[Any]:
    return _listed(_side(COMMENT, comment=True), COMMENT, search)


def _side(table: sa.Table, *, comment: bool) -> sa.Select[Any]:
    c = table.c
    shown = ~c.hidden if comment else sa.true()
    return (
        sa.select(
            c.service_request_id,
            c.sequence,
            c.state,
            (c.description if comment else c.words).label("words"),
            c.at,
            c.media,
            (c.media_url if comment else sa.cast([], JSONB)).label("media_url"),
            sa.literal(comment).label("comment"),
            REQUEST.c.photos,
        )
        .where(shown)
        .join(REQUEST, REQUEST.c.service_request_id == c.service_request_id)
    )


def _listed(side: sa.Select[Any], table: sa.Table, search: UpdateSearch) -> sa.Select[Any]:
    c = table.c
    shown = side.where(REQUEST.c.jurisdiction_id == search.jurisdiction_id, PUBLIC)
    if search.service_request_ids is not None:
        shown = shown.where(one_of(c, search.service_request_ids))
    if search.start is not None:
        shown = shown.where(c.at >= search.start)
    if search.end is not None:
        shown = shown.where(c.at < search.end)
    return shown.order_by(c.at, c.service_request_id, c.sequence)


def _update(row: sa.Row[Any]) -> Update:
    name = comment_id if row.comment else move_id
    return Update(
        update_id=name(row.service_request_id, row.sequence),
        service_request_id=row.service_request_id,
        state=row.state,
        words=row.words,
        at=row.at,
        media_url=(*_paths(row.photos, row.media), *row.media_url),
        comment=row.comment,
    )


def _paths(photos: Iterable[dict[str, Any]], media: Sequence[str]) -> Iterable[str]:
    """Yield the paths of photos that media keeps, in the order in which they were named."""
    kept = {one["media_id"]: one["path"] for one in photos if one["path"] and not one["removed"]}
    return (kept[media_id] for media_id in media if media_id in kept)
