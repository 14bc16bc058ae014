"""Keys that were looked up a moment ago, and how often each may be used.

A busy client is not looked up for every report; who guesses keys is soon not looked up at all.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from anyio import to_thread
from servicekit import keys, web
from servicekit.clients import Network
from servicekit.errors import Forbidden
from servicekit.keys import Key
from servicekit.limits import NO_LIMIT, Limit, Limiter, PerAddress
from sqlalchemy.orm import Session, sessionmaker

from intake import store

REMEMBERED_S = 2.0  # a revoked key lives no longer than that, nor does an old limit
_MOST = 10_000


@dataclass
class Keyring:
    """Finds keys, and remembers the good ones by a hash of their text for a little while."""

    db: sessionmaker[Session]
    limiter: Limiter
    limit: Limit
    bad_keys: PerAddress
    trusted_proxies: Sequence[Network] = ()
    tick_s: Callable[[], float] = time.monotonic
    _known: dict[bytes, tuple[float, Key]] = field(default_factory=dict, repr=False)

    async def enter(self, text: str | None) -> Key:
        """Return a key that may be used now, in the event loop; raises Forbidden and TooMany."""
        key = self.recall(text)
        if key is None:
            key = await to_thread.run_sync(self.find, text)
        await self.limiter.let_in(f"key:{key.id}", self._limit(key))
        return key

    def admit(self, text: str | None, *, anew: bool = False) -> Key:
        """Return a key that may be used now, looked up anew if wished; raises as ``enter``."""
        key = (None if anew else self.recall(text)) or self.find(text)
        self.charge(key)
        return key

    def charge(self, key: Key) -> None:
        """Count a use of a key; raises TooMany."""
        self.limiter.charge(f"key:{key.id}", self._limit(key))

    def recall(self, text: str | None) -> Key | None:
        """Return a key that was found a moment ago, without asking the database."""
        until_s, key = self._known.get(_name(text), (0.0, None))
        return key if until_s > self.tick_s() else None

    def find(self, text: str | None) -> Key:
        """Return a key; raises Forbidden when it is missing, wrong, over or revoked.

        Raises TooMany to an address that sent too many bad ones, unless this one was good lately.
        """
        name, began_s = _name(text), self.tick_s()
        address = web.client(self.trusted_proxies)
        if name not in self._known:
            self.bad_keys.check(address)
        try:
            with self.db.begin() as session:
                key = keys.require(session, store.API_KEY, text)
        except Forbidden:
            self._known.pop(name, None)
            self.bad_keys.charge(address)
            raise
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[name] = (began_s + REMEMBERED_S, key)
        return key

    def _limit(self, key: Key) -> Limit:
        if key.limit is not None:
            return key.limit
        return NO_LIMIT if key.has("import") else self.limit


def _name(text: str | None) -> bytes:
    return hashlib.sha256((text or "").encode("utf-8", "surrogatepass")).digest()
