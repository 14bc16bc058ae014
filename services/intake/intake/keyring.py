"""Keys that were looked up a moment ago: a busy client is not looked up for every report."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from servicekit import keys
from servicekit.keys import Key
from sqlalchemy.orm import Session, sessionmaker

from intake import store

REMEMBERED_S = 2.0  # a revoked key may live that much longer
_MOST = 10_000


@dataclass
class Keyring:
    """Finds keys, and remembers the good ones by a hash of their text for a little while."""

    db: sessionmaker[Session]
    tick_s: Callable[[], float] = time.monotonic
    _known: dict[bytes, tuple[float, Key]] = field(default_factory=dict, repr=False)

    def recall(self, text: str | None) -> Key | None:
        """Return a key that was found a moment ago, without asking the database."""
        until_s, key = self._known.get(_name(text), (0.0, None))
        return key if until_s > self.tick_s() else None

    def find(self, text: str | None) -> Key:
        """Return a key; raises Forbidden when it is missing, wrong or revoked."""
        with self.db.begin() as session:
            key = keys.require(session, store.API_KEY, text)
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[_name(text)] = (self.tick_s() + REMEMBERED_S, key)
        return key


def _name(text: str | None) -> bytes:
    return hashlib.sha256((text or "").encode("utf-8", "surrogatepass")).digest()
