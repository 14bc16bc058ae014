"""The door to bulk moves: one order for many cases, tried first, then worked off."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from routing import actions, store, wire
from routing.api.cases import listed
from routing.api.door import Data, Door
from routing.caller import Caller
from routing.domain.bulk import MOST_CASES, NOT_TRIED, Wanted
from routing.domain.own_replies import OwnReply

Body = Mapping[str, Any]


class BulkMoves(Door):
    """Moves many cases at once."""

    def post_bulk_move(self, body: Body) -> Data:
        """Say what an order would make of many cases, or carry it out for them."""
        with self.db() as session:
            caller = self._caller(session, "post_bulk_move")
            own = store.own_replies(session, caller.jurisdiction_ids) if body.get("reply") else []
        wire.check_bulk(body)
        orders = _orders(self.desk, caller, body, own)
        return (self._tried if body["dry_run"] else self._done)(caller, orders, body)

    def _tried(self, caller: Caller, orders: actions.Orders, body: Body) -> Data:
        with self.db() as session:
            wanted, more = self._wanted(session, caller, body)
        results: list[Data] = []
        tried: list[Wanted] = []
        for piece in _pieces(wanted, orders.at_once):
            with self.db() as session:  # never committed
                found, said = actions.try_bulk(session, self.desk, orders, piece, now=self.now())
            tried += found
            results += said
        return _summary(results) | {"token": wire.sealed_token(body, tried), "more": more}

    def _done(self, caller: Caller, orders: actions.Orders, body: Body) -> Data:
        sender, update_id = caller.person.subject, body["update_id"]
        with self.db.begin() as session:
            digest = wire.bulk_digest(body)
            bulk, new = store.begin_bulk(session, sender, update_id, digest, self.now())
            if new:
                wanted = self._wanted(session, caller, body)[0]
                store.add_bulk_cases(session, bulk, wanted)
        self._work_off(orders, bulk)
        with self.db() as session:
            return _summary(store.said_of(session, bulk))

    def _work_off(self, orders: actions.Orders, bulk: int) -> None:
        """Go on piece by piece; what cannot be written together is written one by one."""
        limit, done = orders.at_once, 1
        while done:
            try:
                with self.db.begin() as session:
                    done = actions.work_off(
                        session, self.desk, orders, bulk, now=self.now(), limit=limit
                    )
            except actions.Tangled:
                limit = 1
            except (DataError, IntegrityError) as defect:
                if limit == 1:
                    with self.db.begin() as session:
                        actions.set_aside(session, orders, bulk, defect)
                limit = 1

    def _wanted(
        self, session: Session, caller: Caller, body: Body
    ) -> tuple[Sequence[Wanted], bool]:
        """Return the cases that an order is for, and whether the filter finds more than those."""
        tried = wire.read_token(body) if body.get("token") else None
        city = body.get("jurisdiction_id")
        if "cases" in body:
            known = {one.service_request_id: one.revision for one in tried or ()}
            default = None if tried is None else NOT_TRIED
            names = dict.fromkeys(body["cases"])
            return [Wanted(city, name, known.get(name, default)) for name in names], False
        if tried is not None:
            return tried, False
        asked = {**body["filter"], "jurisdiction_id": city}
        page = listed(session, self.desk.cities, caller, asked, MOST_CASES)[1]
        found = [Wanted(case.jurisdiction_id, case.service_request_id) for case in page.cases]
        return found, page.last is not None


def _orders(
    desk: actions.Desk, caller: Caller, body: Body, own: Sequence[OwnReply]
) -> actions.Orders:
    return actions.Orders(
        order=wire.read_order(body["order"]),
        jurisdiction_ids=caller.narrowed(body.get("jurisdiction_id")),
        may_see=caller.may_see,
        asked=lambda case, report: caller.asked(
            case, wire.worded(body, case, report, desk.city(case.jurisdiction_id), own)
        ),
        update_id=body.get("update_id"),
        language=body.get("language"),
    )


def _pieces(wanted: Sequence[Wanted], size: int) -> Iterator[Sequence[Wanted]]:
    return (wanted[at : at + size] for at in range(0, len(wanted), size))


def _summary(results: Sequence[Data]) -> Data:
    refused = sum(one["outcome"] == "refused" for one in results)
    return {
        "cases": len(results),
        "moved": len(results) - refused,
        "refused": refused,
        "results": list(results),
    }
