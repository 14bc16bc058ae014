"""That reporters asked to take their requests back: one row for each request."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from intake.domain.withdrawals import Withdrawal
from intake.store.tables import WITHDRAWAL


def ask_withdrawal(session: Session, asked: Withdrawal) -> bool:
    """Note that somebody asked; False when they asked before, and nothing was heard since."""
    values = {
        "service_request_id": asked.service_request_id,
        "asked_at": asked.asked,
        "moved_sequence": asked.moved_sequence,
    }
    made = insert(WITHDRAWAL).values(values)
    again = made.on_conflict_do_update(
        index_elements=[WITHDRAWAL.c.service_request_id],
        set_={name: made.excluded[name] for name in ("asked_at", "moved_sequence")},
        where=WITHDRAWAL.c.moved_sequence < made.excluded.moved_sequence,
    )
    kept = session.execute(again.returning(WITHDRAWAL.c.service_request_id))
    return kept.first() is not None


def withdrawal_of(session: Session, service_request_id: str) -> Withdrawal | None:
    """Return when somebody last asked to take a request back, or None."""
    mine = WITHDRAWAL.c.service_request_id == service_request_id
    row = session.execute(sa.select(WITHDRAWAL).where(mine)).one_or_none()
    if row is None:
        return None
    return Withdrawal(
        service_request_id=row.service_request_id,
        asked=row.asked_at,
        moved_sequence=row.moved_sequence,
    )
