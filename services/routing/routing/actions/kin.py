"""Cases that belong together: what a move of one means for the others. Each keeps its number.

A duplicate names its root: the case that is worked on, and that is nobody's duplicate. So chains
are never longer than one step, whatever is merged into what.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from servicekit.errors import BadInput, Conflict
from sqlalchemy.orm import Session

from routing import store, wire
from routing.actions.desk import Ledger
from routing.domain import MOVES, Actor, Move, Order
from routing.domain.cases import Case
from routing.domain.history import MOVE
from routing.domain.moves import DUPLICATE, WITHDRAWN

JOINED, LEFT = "joined", "left"
"""What the root's history says when a duplicate comes to it and goes; the other's has the move."""
_LONGEST = 20


class Asked(Protocol):
    """An order with who gives it."""

    @property
    def order(self) -> Order:
        """What is to be done."""

    @property
    def actor(self) -> Actor:
        """In whose name."""

    @property
    def key_name(self) -> str | None:
        """Who it was."""


Make = Callable[[Ledger, Case, Move, Order, datetime], Case]
"""Makes a move of a case by the clock, without asking whether it may be made."""
MakeAs = Callable[[Ledger, Case, Move, Order, datetime, Any], Case]
"""The same in the name of who asked for what it follows from."""
Take = Callable[[Session, Ledger, Case], Case]
"""Shows a case that is open again to its department, and lets its clocks say what is due."""


def hold_kin(session: Session, jurisdiction_id: str, service_request_id: str, order: Order) -> None:
    """Lock all cases that an order is about, in one order, before the one that it is given for."""
    if order.move in ("duplicate", "separated", "withdrawn"):
        named = [name for name in (service_request_id, order.duplicate_of) if name]
        store.hold_kin(session, jurisdiction_id, named)


def root_of(session: Session, case: Case, named: str) -> Case:
    """Lock and return the case that a duplicate of ``named`` is handled with: the root of it.

    Raises BadInput when there is none in this city, and Conflict when it cannot be the root.
    """
    found = store.lock_case(session, case.jurisdiction_id, named)
    for _ in range(_LONGEST):
        if found is None or found.state != DUPLICATE or not found.duplicate_of:
            break
        if found.duplicate_of == case.service_request_id:
            raise Conflict(f"{found.service_request_id} is a duplicate of {found.duplicate_of}")
        found = store.lock_case(session, case.jurisdiction_id, found.duplicate_of)
    if found is None:
        raise BadInput(f"duplicate_of {named} was not found")
    if found.id == case.id:
        raise Conflict(f"{named} is a duplicate of {case.service_request_id}")
    if found.state == WITHDRAWN:
        raise Conflict(f"{found.service_request_id} was withdrawn: nobody works on it")
    return found


class Kin:
    """What follows for others from a move that has been made of a case."""

    def __init__(
        self,
        session: Session,
        ledger: Ledger,
        asked: Asked,
        at: datetime,
        *,
        make: Make,
        make_as: MakeAs,
        take: Take,
    ) -> None:
        self.session, self.ledger, self.asked, self.at = session, ledger, asked, at
        self.make, self.make_as, self.take = make, make_as, take

    def merged(self, case: Case, root: Case) -> Case:
        """Note with the root that a duplicate came to it, and bring that one's own along."""
        self.note(root, JOINED, case)
        for other in store.duplicates_of(self.session, case, lock=True):
            case = self._regrouped(other, case, root)
        return case

    def separated(self, before: Case) -> None:
        """Note with the root that a case is no duplicate of it."""
        root = self._root(before)
        if root is not None:
            self.note(root, LEFT, before)

    def withdrawn(self, case: Case) -> Case:
        """Let the first duplicate take the place of a root that is withdrawn.

        Others told of the same: what they told of is not gone because one takes it back.
        """
        first, *others = store.duplicates_of(self.session, case, lock=True) or (None,)
        if first is None:
            return case
        reason = f"{case.service_request_id}, with which it was handled, was withdrawn"
        order = Order(move="separated", reason=reason)
        case = self.note(case, LEFT, first, by=wire.BY_CLOCK)
        first = self.make(self.ledger, first, MOVES["separated"], order, self._after(first))
        first = self.take(self.session, self.ledger, first)
        for other in others:
            case = self._regrouped(other, case, first)
        return case

    def _regrouped(self, other: Case, before: Case, root: Case) -> Case:
        """Take a duplicate from one root to another; returns the first one."""
        reason = f"{before.service_request_id} is {before.state}"
        order = Order(move="regrouped", duplicate_of=root.service_request_id, reason=reason)
        before = self.note(before, LEFT, other, by=wire.BY_CLOCK)
        self.make(self.ledger, other, MOVES["regrouped"], order, self._after(other))
        self.note(root, JOINED, other, by=wire.BY_CLOCK)
        return before

    def made(self, case: Case, move: Move, order: Order) -> Case:
        """Make a move of another case in the name of who asked for this one."""
        return self.make_as(self.ledger, case, move, order, self._after(case), self.asked)

    def _root(self, case: Case) -> Case | None:
        if not case.duplicate_of:
            return None
        return store.lock_case(self.session, case.jurisdiction_id, case.duplicate_of)

    def _after(self, case: Case) -> datetime:
        return max(self.at, case.last_moved)

    def note(self, case: Case, what: str, other: Case, *, by: Actor | None = None) -> Case:
        """Write into a case's history what happened with another; the case stays as it is."""
        case = self.ledger.cases.get(case.id, case)
        order = self.asked.order
        row = wire.move_row(
            case,
            case,
            Order(move=what, reason=order.reason or order.words),
            by or self.asked.actor,
            moved=self.at,
            recorded=self.ledger.now,
            key_name=None if by else self.asked.key_name,
        )
        row["kin"] = other.service_request_id
        return self.ledger.keep(self.ledger.record(case, MOVE, row))
