"""Requests that belong together."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """The numbers of those that a request belongs to, or that belong to it.

    ``duplicate_of`` is handled for it as well; ``parent`` was split, ``parts`` are what into.
    """

    duplicate_of: str | None = None
    parent: str | None = None
    parts: tuple[str, ...] = ()

    def among(self, known: frozenset[str]) -> "Related":
        """Return those of them that are known."""
        return Related(
            duplicate_of=self.duplicate_of if self.duplicate_of in known else None,
            parent=self.parent if self.parent in known else None,
            parts=tuple(part for part in self.parts if part in known),
        )

    @property
    def all(self) -> tuple[str, ...]:
        """Every number named."""
        return tuple(one for one in (self.duplicate_of, self.parent, *self.parts) if one)


ALONE = Related()
