"""Rate limits that all processes of a service share, cheap enough for every request.

A limit is a bucket in PostgreSQL: one row that says until when the tokens are spent (GCRA). A
process leases tokens in one statement and spends them from memory, twice as many as it needed
lately: a busy client costs two statements a second, for which nobody waits since there are tokens
left of the lease before, and a quiet one a statement each time. What is left goes back next time.

What is promised:

* in any ``t`` seconds at most ``burst + rate * (t + 2 * LEASE_S)`` pass, over all processes:
  what is leased may be spent for ``LEASE_S`` and given back for as long again, no longer (but for
  statements that take over half of that themselves);
* while the database is away each process keeps the limit alone: nobody is locked out by an
  outage, and no more than the limit times the number of processes passes;
* a refusal is remembered until there can be a token: a client that does not listen costs nothing.

The table is not logged: after a crash of the database every bucket is full again.
"""

import hmac
import ipaddress
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from servicekit import logs
from servicekit.errands import Errands
from servicekit.errors import TooMany

log = logs.get(__name__)
LEASE_S = 1.0
LEAST_AHEAD = 8  # of a small bucket no process holds more than it needs
FORGOTTEN_S = 600.0  # a bucket nobody asked for is not kept in memory any longer
_AWAY = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError)


@dataclass(frozen=True, slots=True)
class Limit:
    """So many a minute, and so many at once after a pause; none a minute means no limit."""

    per_minute: int
    burst: int

    @property
    def none(self) -> bool:
        """Whether everything may pass."""
        return self.per_minute <= 0

    @property
    def interval_s(self) -> float:
        """After how many seconds there is one more token."""
        return 60.0 / self.per_minute

    @property
    def most_at_once(self) -> int:
        """How many tokens a full bucket holds, at least one."""
        return max(self.burst, 1)


NO_LIMIT = Limit(0, 0)


def create_v1(op: Any) -> None:
    """Create the table ``rate_bucket``; for a migration."""
    op.execute(
        "CREATE UNLOGGED TABLE rate_bucket (name text NOT NULL, spent_until double precision"
        " NOT NULL, granted integer NOT NULL, CONSTRAINT pk_rate_bucket PRIMARY KEY (name))"
    )


def table(metadata: sa.MetaData) -> sa.Table:
    """Return the table ``rate_bucket``: seconds since 1970, and what was granted last."""
    return sa.Table(
        "rate_bucket",
        metadata,
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("spent_until", sa.Double, nullable=False),
        sa.Column("granted", sa.Integer, nullable=False),
        prefixes=["UNLOGGED"],
    )


# GCRA: a bucket is full when its tokens are spent until the past, and empty when they are spent
# for a whole burst ahead. All times are the database's, which all machines share.
_LEASE = sa.text("""
INSERT INTO rate_bucket AS b (name, spent_until, granted)
VALUES (:name, extract(epoch FROM clock_timestamp()) + :wanted * :interval_s, :wanted)
ON CONFLICT (name) DO UPDATE SET (spent_until, granted) = (
    SELECT start + least(:wanted, free) * :interval_s, least(:wanted, free)
    FROM (SELECT start, greatest(0, floor((at - start) / :interval_s + :burst + 1e-6))::int AS free
          FROM (SELECT at, greatest(b.spent_until - :returned * :interval_s, at) AS start
                FROM (SELECT extract(epoch FROM clock_timestamp())::double precision AS at)
          AS clock) AS bucket) AS room)
RETURNING granted, spent_until - extract(epoch FROM clock_timestamp()) AS ahead_s
""")
_FORGET = sa.text(
    "DELETE FROM rate_bucket WHERE spent_until < extract(epoch FROM clock_timestamp()) - 60"
)


@dataclass
class _Tap:
    """What one process holds of one bucket; the lock keeps its threads apart, for a moment."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    tokens: int = 0
    granted: int = 0  # by the present lease
    leased_s: float = -math.inf
    left: int = 0  # of the lease before, to be given back
    left_until_s: float = -math.inf
    closed_until_s: float = -math.inf
    spent: int = 0  # of the present lease
    missed: int = 0  # so many found no token
    asked_s: float = 0.0
    alone_until_s: float = -math.inf  # spent_until of this process, while the database is away

    def take(self, now_s: float) -> bool:
        """Spend a token that is leased already; False when there is none. Raises TooMany."""
        with self.lock:
            if self.tokens > 0 and now_s < self.leased_s + LEASE_S:
                self.tokens -= 1
                self.spent += 1
                return True
            if now_s < self.closed_until_s:
                raise _refusal(self.closed_until_s - now_s)
            self.missed += 1
            return False

    def runs_out(self, now_s: float) -> bool:
        """Tell whether a busy bucket will soon want another lease."""
        few = self.tokens < self.granted // 4 or now_s > self.leased_s + LEASE_S / 2
        return few and self.granted >= LEAST_AHEAD and now_s >= self.closed_until_s

    def begin(self, now_s: float, limit: Limit) -> tuple[int, int]:
        """Return how many tokens to lease and to give back: some more than lately, at least one.

        What may still be spent is kept until the lease is there.
        """
        with self.lock:
            lately = self.spent if now_s < self.leased_s + 2 * LEASE_S else 0
            wanted = max(1, min(max(2 * lately, self.missed), limit.most_at_once // 4))
            returned = self.left if now_s < self.left_until_s else 0
            if now_s >= self.leased_s + LEASE_S:
                returned += self.tokens if now_s < self.leased_s + 2 * LEASE_S else 0
                self.tokens = 0
            self.left = self.missed = 0
            return wanted, returned

    def fill(self, granted: int, now_s: float, wait_s: float) -> None:
        """Go on with a new lease, or know for how long there is none."""
        with self.lock:
            if granted == 0:
                self.closed_until_s = now_s + max(wait_s, 0.001)
                return
            self.left, self.left_until_s = self.tokens, self.leased_s + 2 * LEASE_S
            self.tokens = self.granted = granted
            self.leased_s, self.spent = now_s, 0


@dataclass
class Limiter:
    """Spends tokens of named buckets. Belongs to a process; its threads may share it."""

    db: sessionmaker[Session]
    tick_s: Callable[[], float] = time.monotonic
    _taps: dict[str, _Tap] = field(default_factory=dict, repr=False)
    _leases: Errands[None] = field(default_factory=Errands, repr=False)
    _swept_s: float = 0.0

    async def let_in(self, name: str, limit: Limit) -> None:
        """Spend a token of a bucket, in an event loop; raises TooMany when there is none."""
        if limit.none:
            return
        tap = self._tap(name)
        while not tap.take(tap.asked_s):
            await self._leases.result(name, partial(self._lease, tap, name, limit))
            tap.asked_s = self.tick_s()
        self._look_ahead(tap, name, limit)

    def charge(self, name: str, limit: Limit) -> None:
        """Spend a token of a bucket; raises TooMany, saying when there is one, when it is empty."""
        if limit.none:
            return
        tap = self._tap(name)
        while not tap.take(tap.asked_s):
            self._leases.begin(name, partial(self._lease, tap, name, limit)).result()
            tap.asked_s = self.tick_s()
        self._look_ahead(tap, name, limit)

    def check(self, name: str) -> None:
        """Raise TooMany while a bucket is known to be empty; spends nothing."""
        tap, now_s = self._taps.get(name), self.tick_s()
        if tap and now_s < tap.closed_until_s:
            raise _refusal(tap.closed_until_s - now_s)

    def forget(self) -> None:
        """Delete the buckets that are full again: their absence says the same."""
        with self.db.begin() as session:
            session.execute(_FORGET)

    def _tap(self, name: str) -> _Tap:
        now_s = self.tick_s()
        tap = self._taps.get(name)
        if tap is None:
            self._sweep(now_s - FORGOTTEN_S)
            tap = self._taps.setdefault(name, _Tap())
        tap.asked_s = now_s
        return tap

    def _sweep(self, old_s: float) -> None:
        """Let go of what nobody asked for lately."""
        if self._swept_s > old_s:
            return
        self._swept_s = old_s + FORGOTTEN_S
        for name, tap in list(self._taps.items()):
            if tap.asked_s < old_s:
                self._taps.pop(name, None)

    def _look_ahead(self, tap: _Tap, name: str, limit: Limit) -> None:
        if tap.runs_out(tap.asked_s):
            self._leases.begin(name, partial(self._lease, tap, name, limit))

    def _lease(self, tap: _Tap, name: str, limit: Limit) -> None:
        """Lease tokens; nobody else does so for this tap meanwhile."""
        asked_s = self.tick_s()
        wanted, returned = tap.begin(asked_s, limit)
        granted, ahead_s = self._ask(tap, name, limit, wanted, returned)
        # A slow database shall not let leases end before anybody could spend them.
        leased_s = max(asked_s, self.tick_s() - LEASE_S / 2)
        tap.fill(granted, leased_s, ahead_s - (limit.most_at_once - 1) * limit.interval_s)

    def _ask(
        self, tap: _Tap, name: str, limit: Limit, wanted: int, returned: int
    ) -> tuple[int, float]:
        """Return how many tokens were granted and how far ahead the bucket is spent."""
        asked = {"name": name, "wanted": wanted, "returned": returned}
        terms = {"interval_s": limit.interval_s, "burst": limit.most_at_once}
        try:
            with self.db.begin() as session:
                row = session.execute(_LEASE, {**asked, **terms}).one()
        except _AWAY as outage:
            log.warning("a limit is kept by this process alone", reason=type(outage).__name__)
            return _alone(tap, limit, wanted, returned, self.tick_s())
        return int(row.granted), float(row.ahead_s)


def _alone(tap: _Tap, limit: Limit, wanted: int, returned: int, now_s: float) -> tuple[int, float]:
    """Keep the limit in this process only: the same sum, over its own clock."""
    start_s = max(tap.alone_until_s - returned * limit.interval_s, now_s)
    free = max(0, math.floor((now_s - start_s) / limit.interval_s + limit.most_at_once + 1e-6))
    granted = min(wanted, free)
    tap.alone_until_s = start_s + granted * limit.interval_s
    return granted, tap.alone_until_s - now_s


@dataclass(frozen=True, kw_only=True)
class PerAddress:
    """A limit for each client; the table learns a keyed hash and no address.

    The addresses of one IPv6 network (/64) are one client. A client whose address is not known,
    because a trusted proxy did not tell it, is not limited: it would stand for everybody.
    """

    limiter: Limiter
    limit: Limit
    purpose: str
    secret_key: str = field(repr=False)

    async def let_in(self, address: str | None) -> None:
        """Spend a token of a client, in an event loop; raises TooMany when there is none."""
        if address and not self.limit.none:
            await self.limiter.let_in(self._bucket(address), self.limit)

    def charge(self, address: str | None) -> None:
        """Spend a token of a client; raises TooMany when there is none."""
        if address and not self.limit.none:
            self.limiter.charge(self._bucket(address), self.limit)

    def check(self, address: str | None) -> None:
        """Raise TooMany while a client is known to have no token; spends nothing."""
        if address and not self.limit.none:
            self.limiter.check(self._bucket(address))

    def _bucket(self, address: str) -> str:
        host = ipaddress.ip_address(address)
        if host.version == 6:  # noqa: PLR2004 - IPv6
            host = ipaddress.ip_network((host, 64), strict=False).network_address
        key = self.secret_key.encode()
        return f"{self.purpose}:{hmac.digest(key, host.packed, 'sha256')[:16].hex()}"


def _refusal(wait_s: float) -> TooMany:
    seconds = max(1, math.ceil(wait_s))
    return TooMany(f"too many requests; try again in {seconds} s", retry_after_s=seconds)
