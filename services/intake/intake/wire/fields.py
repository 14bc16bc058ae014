"""The fields of a form or query, as they were sent."""

from collections.abc import Iterable

from servicekit import georeport


class Fields:
    """The fields of a form or query, raw and in order; a blank one counts as not sent."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self.pairs = [(name, value) for name, value in pairs if not georeport.blank(value)]
        self.named: dict[str, list[str]] = {}
        for name, value in self.pairs:
            self.named.setdefault(name, []).append(value)

    def get(self, *names: str) -> str | None:
        """Return the last value of the first name that was sent, without blanks around it."""
        for name in names:
            values = self.all(name)
            if values:
                return values[-1].strip()
        return None

    def all(self, name: str) -> list[str]:
        """Return every value of a name, in the order sent."""
        return self.named.get(name, [])
