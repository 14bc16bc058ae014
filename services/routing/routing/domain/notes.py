"""A note: what staff write down for one another about a case. It is never for the citizen."""

from dataclasses import dataclass

from routing.domain.moves import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Words and photos, and whose: ``author`` is their subject, ``by`` the role they wrote in.

    The same ``update_id`` of the same author is the same note.
    """

    words: str
    author: str
    by: Actor
    media: tuple[str, ...] = ()
    update_id: str | None = None
