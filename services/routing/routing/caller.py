"""Who calls the API: how far this call goes for them, and in whose name they move a case."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from servicekit.errors import Forbidden, NotFound
from servicekit.people import Person

from routing import wire
from routing.actions import Asked, standing
from routing.domain import MOVES, Actor, City, Move, allowed, needs, queues, rights
from routing.domain.cases import Case

_OFFICE = ("operator", "ombudsman")


@dataclass(frozen=True)
class Caller:
    """A person or a machine, and what this call of theirs may touch in this deployment."""

    person: Person
    reach: rights.Reach
    jurisdiction_ids: frozenset[str]

    @classmethod
    def of(cls, person: Person, call: str, cities: Iterable[str]) -> Self:
        """Return who makes a call; raises Forbidden when it is not for them."""
        reach = rights.reach(
            call,
            roles=person.roles,
            departments=person.departments,
            jurisdictions=person.jurisdictions,
        )
        return cls(person, reach, frozenset(name for name in cities if reach.in_city(name)))

    def narrowed(self, jurisdiction_id: str | None) -> frozenset[str]:
        """Return the cities asked for; raises NotFound for one the caller is not good for."""
        if jurisdiction_id is None:
            return self.jurisdiction_ids
        if jurisdiction_id not in self.jurisdiction_ids:
            raise NotFound(f"jurisdiction_id {jurisdiction_id} was not found")
        return frozenset({jurisdiction_id})

    def departments(self, department: str | None) -> frozenset[str] | None:
        """Return the departments asked for, None for all; raises NotFound out of reach."""
        if department is None:
            return self.reach.departments
        if not self.reach.in_department(department):
            raise NotFound(f"department {department} was not found")
        return frozenset({department})

    def places(self, asked: Mapping[str, Any]) -> queues.Places:
        """Return the departments by city of what is asked for; raises NotFound out of reach."""
        departments = self.departments(asked.get("department"))
        return dict.fromkeys(sorted(self.narrowed(asked.get("jurisdiction_id"))), departments)

    def held(
        self, cities: Mapping[str, City], queue: str | None, asked: Mapping[str, Any]
    ) -> queues.Held:
        """Return where a queue of theirs looks, and for whose cases."""
        return queues.held(
            queue,
            self.places(asked),
            subject=self.person.subject,
            departments=self.person.departments,
            triage={name: city.triage for name, city in cities.items()},
        )

    def may_see(self, case: Case) -> bool:
        """Whether the case exists for this caller."""
        known = case.jurisdiction_id in self.jurisdiction_ids
        return known and self.reach.covers(case.jurisdiction_id, case.department)

    def actors(self, case: Case) -> list[Actor]:
        """Return in whose name they may move the case; the head of a department is of it."""
        speaks = self.person.has("department", "head")
        mine = speaks and case.department in self.person.departments
        first = [Actor("department", case.department)] if mine else []
        return first + [Actor(role) for role in _OFFICE if self.person.has(role)]

    def allowed(self, case: Case, city: City) -> list[tuple[Move, list[str]]]:
        """Return the moves that the caller may make with the case now, and what each needs."""
        actors = self.actors(case)
        if self.person.has("import"):
            actors.append(Actor("department", case.department))
        stands = standing(case)
        return [
            (move, needs(stands, move, actor, city))
            for actor in actors
            for move in allowed(stands, actor)
        ]

    def asked(self, case: Case, body: Mapping[str, Any], seen: str | None = None) -> Asked:
        """Return what the caller asks; ``seen`` is If-Match, the tags of the case as they saw it.

        Raises Forbidden when they are not good for it.
        """
        order = wire.read_order(body)
        moved = body.get("moved_datetime")
        if (moved or body.get("by")) and not self.person.has("import"):
            raise Forbidden("moved_datetime and by need a key with role import")
        return Asked(
            order=order,
            actor=self._actor(case, order.move, body.get("by")),
            update_id=body.get("update_id") or None,
            moved=wire.read_moment(moved) if moved else None,
            key_name=self.person.subject,
            seen=wire.read_tags(seen),
        )

    def _actor(self, case: Case, move: str, by: str | None) -> Actor:
        """Return in whose name the move is made: the first that may, else the first there is."""
        if self.person.has("import"):
            role = by or "department"
            return Actor(role, case.department if role == "department" else None)
        actors = self.actors(case)
        if not actors:
            raise Forbidden("to move a case needs its department, an operator or an ombudsman")
        row = MOVES.get(move)
        return next((one for one in actors if row and one.role in row.who), actors[0])


def works_at(person: Person, places: queues.Places) -> bool:
    """Whether somebody may move cases of any of the places, and so be given them."""
    try:
        far = rights.reach(
            "post_move",
            roles=person.roles,
            departments=person.departments,
            jurisdictions=person.jurisdictions,
        )
    except Forbidden:
        return False
    return any(
        far.in_city(city) and (departments is None or any(map(far.in_department, departments)))
        for city, departments in places.items()
    )
