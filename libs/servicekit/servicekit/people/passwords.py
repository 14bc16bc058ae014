"""Passwords, kept as argon2id hashes; a name that nobody has takes as long to refuse."""

import threading
import unicodedata
from dataclasses import dataclass, field

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from servicekit.errors import BadInput

SHORTEST, LONGEST = 12, 200
AT_ONCE = 2  # each takes 64 MiB: a flood of guesses shall wait, not fill the memory


@dataclass
class Passwords:
    """Belongs to a process; its threads may share it.

    The hasher's own defaults are RFC 9106's second recommended option: 64 MiB, three passes.
    """

    hasher: PasswordHasher = field(default_factory=PasswordHasher)
    _nobodys: str = ""
    _turn: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(AT_ONCE))

    def __post_init__(self) -> None:
        self._nobodys = self._nobodys or self.hasher.hash("nobody's password")

    def hashed(self, password: str) -> str:
        """Return what is kept of a new password; raises BadInput when it is none."""
        if not SHORTEST <= len(password) <= LONGEST:
            raise BadInput(f"a password has {SHORTEST} to {LONGEST} characters")
        with self._turn:
            return self.hasher.hash(_plain(password))

    def fits(self, kept: str | None, password: str) -> bool:
        """Whether it is the password that was kept; the same work when nothing was (None)."""
        with self._turn:
            try:
                self.hasher.verify(kept or self._nobodys, _plain(password[: LONGEST + 1]))
            except (VerificationError, InvalidHashError):
                return False
        return kept is not None

    def outdated(self, kept: str) -> bool:
        """Whether it was hashed with less work than is asked for today."""
        return self.hasher.check_needs_rehash(kept)


def _plain(password: str) -> bytes:
    """Return the same bytes for the same letters, however a keyboard puts them together."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
