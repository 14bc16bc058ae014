"""Keys that were looked up a moment ago, and how often each may be used.

A busy client is not looked up for every report, and nobody of it waits when it is looked up again:
that is done while the key is still known. Who guesses keys is soon not looked up at all.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from servicekit import keys, web
from servicekit.clients import Network
from servicekit.errands import Errands
from servicekit.errors import Forbidden
from servicekit.keys import Key
from servicekit.limits import NO_LIMIT, Limit, Limiter, PerAddress
from sqlalchemy.orm import Session, sessionmaker

from intake import store

REMEMBERED_S, AHEAD_S = 2.0, 1.0  # a revoked key lives no longer than that, nor does an old limit
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
    _lookups: Errands[Key | None] = field(default_factory=Errands, repr=False)

    async def enter(self, text: str | None) -> Key:
        """Return a key that may be used now, in the event loop; raises Forbidden and TooMany."""
        key = self.recall(text)
        if key is None:
            self._check_address(text)
            key = await self._lookups.result(_name(text), partial(self._look_up, text))
        if key is None:
            await self.bad_keys.let_in(self._address())
            raise Forbidden(keys.NOT_VALID)
        await self.limiter.let_in(f"key:{key.id}", self._limit(key))
        return key

    def admit(self, text: str | None, *, anew: bool = False) -> Key:
        """Return a key that may be used now, looked up anew if wished; raises as ``enter``."""
        key = None if anew else self.recall(text)
        if key is None:
            self._check_address(text)
            look_up = partial(self._look_up, text)
            key = look_up() if anew else self._lookups.begin(_name(text), look_up).result()
        if key is None:
            self.bad_keys.charge(self._address())
            raise Forbidden(keys.NOT_VALID)
        self.charge(key)
        return key

    def charge(self, key: Key) -> None:
        """Count a use of a key; raises TooMany."""
        self.limiter.charge(f"key:{key.id}", self._limit(key))

    def recall(self, text: str | None) -> Key | None:
        """Return a key that was found a moment ago, without asking the database."""
        name, now_s = _name(text), self.tick_s()
        until_s, key = self._known.get(name, (0.0, None))
        if until_s <= now_s:
            return None
        if until_s <= now_s + AHEAD_S:
            self._lookups.begin(name, partial(self._look_up, text))
        return key

    def _look_up(self, text: str | None) -> Key | None:
        """Return a key, None when it is missing, wrong, over or revoked; remember a good one."""
        name, began_s = _name(text), self.tick_s()
        with self.db.begin() as session:
            key = keys.find(session, store.API_KEY, text)
        if key is None:
            self._known.pop(name, None)
            return None
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[name] = (began_s + REMEMBERED_S, key)
        return key

    def _address(self) -> str | None:
        return web.client(self.trusted_proxies)

    def _check_address(self, text: str | None) -> None:
        """Raise TooMany for one that sent too many bad keys, unless this one was good lately."""
        if _name(text) not in self._known:
            self.bad_keys.check(self._address())

    def _limit(self, key: Key) -> Limit:
        if key.limit is not None:
            return key.limit
        return NO_LIMIT if key.has("import") else self.limit


def _name(text: str | None) -> bytes:
    return hashlib.sha256((text or "").encode("utf-8", "surrogatepass")).digest()
