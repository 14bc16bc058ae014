"""The fields of a form or query, as they were sent."""

from collections.abc import Iterable


class Fields:
    """The fields of a form or query, raw and in order; a blank one counts as not sent."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self.pairs = [pair for pair in pairs if pair[1] and not pair[1].isspace()]
        self.last = {name: value.strip() for name, value in self.pairs}

    def get(self, name: str, *others: str) -> str | None:
        """Return the last value of the first name that was sent, without blanks around it."""
        found = self.last.get(name)
        return self.get(*others) if found is None and others else found

    def __contains__(self, name: str) -> bool:
        return name in self.last

    def all(self, name: str) -> list[str]:
        """Return every value of a name, in the order sent."""
        if name not in self.last:
            return []
        return [value for key, value in self.pairs if key == name]
