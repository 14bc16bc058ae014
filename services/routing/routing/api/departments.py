"""The door to departments."""

from routing import store, wire
from routing.api.door import Data, Door
from routing.caller import Caller
from routing.domain import City


class Departments(Door):
    """Shows departments with what they have to do."""

    def get_departments(self, jurisdiction_id: str | None = None) -> list[Data]:
        """Return the departments that the caller may see, with their open and late cases."""
        with self.db() as session:
            caller = self._caller(session, "get_departments")
            counts = {
                (row.jurisdiction_id, row.department): (row.open, row.late)
                for row in store.open_and_late(session)
            }
        cities = [self.desk.cities[name] for name in caller.narrowed(jurisdiction_id)]
        return [
            wire.department_row(city, name, counts.get((city.jurisdiction_id, name), (0, 0)))
            for city in cities
            for name in _departments(city, caller)
        ]


def _departments(city: City, caller: Caller) -> list[str]:
    return [name for name in city.departments if caller.reach.in_department(name)]
