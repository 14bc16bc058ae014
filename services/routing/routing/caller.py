"""Who calls the API: what a key may see, and in whose name it moves a case."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from servicekit.errors import Forbidden, NotFound
from servicekit.keys import Key

from routing import wire
from routing.actions import Asked, standing
from routing.domain import MOVES, Actor, City, Move, allowed, needs
from routing.domain.cases import Case

_EVERYWHERE = ("operator", "ombudsman", "import", "administrator")
_IN_ORDER = ("department", "operator", "ombudsman")


@dataclass(frozen=True)
class Caller:
    """A key, and the cities of this deployment that it is good for."""

    key: Key
    jurisdiction_ids: frozenset[str]

    @property
    def department(self) -> str | None:
        """The department whose cases alone it sees; None: those of all."""
        return None if self.key.has(*_EVERYWHERE) else self.key.department

    def narrowed(self, jurisdiction_id: str | None) -> frozenset[str]:
        """Return the cities asked for; raises NotFound for one the key is not good for."""
        if jurisdiction_id is None:
            return self.jurisdiction_ids
        if jurisdiction_id not in self.jurisdiction_ids:
            raise NotFound(f"jurisdiction_id {jurisdiction_id} was not found")
        return frozenset({jurisdiction_id})

    def may_see(self, case: Case) -> bool:
        """Whether the case exists for this caller."""
        mine = self.department in (None, case.department)
        return mine and case.jurisdiction_id in self.jurisdiction_ids

    def actors(self) -> list[Actor]:
        """Return in whose name the key may move a case."""
        held = [role for role in _IN_ORDER if self.key.has(role)]
        return [Actor(role, self.key.department if role == "department" else None) for role in held]

    def allowed(self, case: Case, city: City) -> list[tuple[Move, list[str]]]:
        """Return the moves that the caller may make with the case now, and what each needs."""
        actors = self.actors()
        if self.key.has("import"):
            actors.append(Actor("department", case.department))
        stands = standing(case)
        return [
            (move, needs(stands, move, actor, city))
            for actor in actors
            for move in allowed(stands, actor)
        ]

    def asked(self, case: Case, body: Mapping[str, Any]) -> Asked:
        """Return what the caller asks. Raises Forbidden when the key is not good for it."""
        order = wire.read_order(body)
        moved = body.get("moved_datetime")
        if (moved or body.get("by")) and not self.key.has("import"):
            raise Forbidden("moved_datetime and by need a key with role import")
        return Asked(
            order=order,
            actor=self._actor(case, order.move, body.get("by")),
            update_id=body.get("update_id") or None,
            moved=wire.read_moment(moved) if moved else None,
            key_name=self.key.name,
        )

    def _actor(self, case: Case, move: str, by: str | None) -> Actor:
        """Return in whose name the move is made: the first that may, else the first there is."""
        if self.key.has("import"):
            role = by or "department"
            return Actor(role, case.department if role == "department" else None)
        actors = self.actors()
        if not actors:
            raise Forbidden("this needs a key with role department, operator or ombudsman")
        row = MOVES.get(move)
        return next((one for one in actors if row and one.role in row.who), actors[0])
