"""One order for many cases: tried without a trace, or worked off piece by piece.

A piece is a transaction, and what became of its cases is written in it: so whoever dies between
two pieces has lost nothing, and the same call again goes on where it ended.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from servicekit import logs
from servicekit.errors import Conflict, NotFound, ServiceError
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from routing import store, wire
from routing.actions.desk import Desk, Ledger
from routing.actions.kin import hold_kin
from routing.actions.move import Asked, carry_out
from routing.domain import Order
from routing.domain.bulk import BY_ITSELF, NOT_TRIED, Wanted
from routing.domain.cases import Case

log = logs.get(__name__)
PIECE_CASES = 50
Report = Mapping[str, Any]


class Tangled(Exception):
    """Two cases of a piece change the same one: they have to be moved one after the other."""


@dataclass(frozen=True, kw_only=True)
class Orders:
    """An order, whom it comes from, and what it is for one case (``asked``) with its report.

    ``language`` is that of what is said about each case, None for the city's.
    """

    order: Order
    jurisdiction_ids: frozenset[str]
    may_see: Callable[[Case], bool]
    asked: Callable[[Case, Report], Asked]
    update_id: str | None = None
    language: str | None = None

    @property
    def at_once(self) -> int:
        """How many cases go into one piece: one, when other cases may have a part in it."""
        return PIECE_CASES if self.order.move in BY_ITSELF else 1


@dataclass
class _Piece:
    """Some cases, and what has been made of them so far."""

    session: Session
    desk: Desk
    orders: Orders
    now: datetime
    locked: bool
    ledger: Ledger = field(init=False)
    seen: list[dict[str, Any]] = field(default_factory=list)
    found: list[Wanted] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.desk, self.now)

    def done(self, wanted: Sequence[Wanted]) -> list[dict[str, Any]]:
        """Carry the order out for each and say what became of it; nothing is written yet."""
        cities = self.orders.jurisdiction_ids
        if self.locked and self.orders.at_once == 1:
            for one in wanted:
                for city in [one.jurisdiction_id] if one.jurisdiction_id else sorted(cities):
                    hold_kin(self.session, city, one.service_request_id, self.orders.order)
        names = [one.service_request_id for one in wanted]
        cases = store.many_cases(self.session, cities, names, locked=self.locked)
        reports = store.reports_of(self.session, cases)
        before = self._before(cases)
        return [self._one(one, cases, reports, before) for one in wanted]

    def _before(self, cases: Sequence[Case]) -> Mapping[tuple[int, str], Any]:
        if not self.orders.update_id:
            return {}
        return store.seen_updates(self.session, [case.id for case in cases], self.orders.update_id)

    def _one(
        self,
        wanted: Wanted,
        cases: Sequence[Case],
        reports: Mapping[int, Report],
        before: Mapping[tuple[int, str], Any],
    ) -> dict[str, Any]:
        try:
            case = _find(wanted, cases, self.orders)
            name = case.service_request_id
            self.found.append(Wanted(case.jurisdiction_id, name, case.revision))
            asked = self.orders.asked(case, reports[case.id])
            if _repeated(asked, before.get((case.id, asked.sender))):
                return wire.bulk_repeated(case, asked.order)
            after = self._carried(case, asked)
        except ServiceError as refusal:
            return wire.bulk_refused(wanted, self.orders.order, refusal.status, refusal.description)
        except (IntegrityError, DataError) as defect:
            return defective(wanted, self.orders, defect)
        except (SQLAlchemyError, Tangled):
            raise
        except Exception as defect:  # noqa: BLE001 - one case that meets a defect stops no other
            return defective(wanted, self.orders, defect)
        city = self.desk.city(case.jurisdiction_id)
        return wire.bulk_moved(
            case, after, asked.order, city, tried=not self.locked, language=self.orders.language
        )

    def _carried(self, case: Case, asked: Asked) -> Case:
        own = Ledger(self.desk, self.now)
        with self.session.begin_nested():
            after = carry_out(self.session, own, case, asked)
        if self.locked and not own.cases.keys().isdisjoint(self.ledger.cases):
            raise Tangled
        self.ledger.take(own)
        if asked.update_id:
            move = asked.order.move
            row = wire.seen_row(after, asked.sender, asked.update_id, move, None, self.now)
            self.seen.append(row)
        return after


def _find(wanted: Wanted, cases: Sequence[Case], orders: Orders) -> Case:
    name, place = wanted.service_request_id, wanted.jurisdiction_id
    found = [
        case
        for case in cases
        if case.service_request_id == name
        and place in (None, case.jurisdiction_id)
        and orders.may_see(case)
    ]
    if not found:
        raise NotFound(f"service_request_id {name} was not found")
    if len(found) > 1:
        raise Conflict("jurisdiction_id required: several cities know this id")
    if wanted.revision == NOT_TRIED:
        raise Conflict("the dry run of this token was not about it")
    if wanted.revision not in (None, found[0].revision):
        raise Conflict("it has changed since the dry run")
    return found[0]


def _repeated(asked: Asked, seen: Any) -> bool:
    if seen is None:
        return False
    if seen.move != asked.order.move:
        raise Conflict(f"update_id {asked.update_id} was used for {seen.move} before")
    if seen.refused is not None:
        raise Conflict(seen.refused)
    return True


def defective(wanted: Wanted, orders: Orders, defect: Exception) -> dict[str, Any]:
    """Say that a case met a defect; the log says which."""
    log.failure("a case of a bulk move met a defect", defect, request=wanted.service_request_id)
    reason = "a defect was met; the log of routing tells more"
    return wire.bulk_refused(wanted, orders.order, 500, reason)


def try_bulk(
    session: Session, desk: Desk, orders: Orders, wanted: Sequence[Wanted], *, now: datetime
) -> tuple[list[Wanted], list[dict[str, Any]]]:
    """Return the cases that there are, with their revisions, and what would become of all.

    The caller ends the transaction without a commit.
    """
    silent = replace(desk, count=lambda _: None, passed_over=lambda _city, _rule: None)
    piece = _Piece(session, silent, orders, now, locked=False)
    said = piece.done(wanted)
    return piece.found, said


def work_off(
    session: Session, desk: Desk, orders: Orders, bulk: int, *, now: datetime, limit: int
) -> int:
    """Move the next cases of a bulk move and write down what became of them; return how many.

    Raises Tangled when they cannot be moved in one piece.
    """
    waiting = store.waiting_cases(session, bulk, limit)
    if waiting:
        piece = _Piece(session, desk, orders, now, locked=True)
        said = piece.done([one for _, one in waiting])
        piece.ledger.write(session)
        store.mark_all_seen(session, piece.seen)
        places = [place for place, _ in waiting]
        store.say_bulk(session, bulk, dict(zip(places, said, strict=True)))
    return len(waiting)


def set_aside(session: Session, orders: Orders, bulk: int, defect: Exception) -> None:
    """Write down that the next case of a bulk move cannot be written, so that others can."""
    for place, wanted in store.waiting_cases(session, bulk, 1):
        store.say_bulk(session, bulk, {place: defective(wanted, orders, defect)})
