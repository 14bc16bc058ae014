"""Deliveries are sent: each receiver on a thread of its own, so that a slow one stops itself."""

import random
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry
from servicekit import logs
from servicekit.metrics import Counter, Gauge
from sqlalchemy.orm import Session, sessionmaker

from intake import store, wire
from intake.domain.webhooks import Reply, Verdict, Webhook, judge
from intake.hooks.line import Limits, Line

log = logs.get(__name__)
SEND_EVERY_S = 0.5
MEASURE_EVERY_S = 15.0
LEASE = timedelta(minutes=2)  # more than a try can take
MOST_AT_ONCE = 16  # receivers, each with a thread
MOST_OF_A_KEY = 4  # of them: whose receivers are slow holds up no others
_TURN_S = 30.0  # then others may have the thread
_IN_A_ROW = 3  # failures that show that the receiver itself is away


class Figures:
    """What operations see of the deliveries."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.tries = Counter(
            "intake_webhook_deliveries", "Tries to deliver by outcome", registry, ["outcome"]
        )
        self.oldest = Gauge(
            "intake_webhook_oldest_waiting_seconds", "Age of the oldest that waits", registry
        )
        self.dead = Gauge("intake_webhook_dead_deliveries", "Deliveries given up", registry)


@dataclass(kw_only=True)
class Sending:
    """Sends what is due, at least once each.

    A try is claimed for two minutes before it is made: whoever dies over it leaves it to the next
    one, and the receiver knows it by its webhook-id.
    """

    db: sessionmaker[Session]
    jurisdictions: Collection[str]
    secret_key: str = field(repr=False)
    limits: Limits
    now: Callable[[], datetime]
    figures: Figures
    extend: Callable[[Session, str], bytes | None]
    most_at_once: int = MOST_AT_ONCE
    _busy: dict[str, threading.Thread] = field(default_factory=dict)
    _whose: dict[str, str] = field(default_factory=dict)  # the keys of the busy ones
    _served_s: dict[str, float] = field(default_factory=dict)  # when a key had its last turn
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        """Give a thread to each receiver that something waits for; returns at once.

        The key whose last turn is longest ago comes first, however much waits for the others.
        """
        now = self.now()
        with self.db.begin() as session:
            due = store.webhooks_due(session, now, store.ready(now))
        known = {key_id for _, key_id in due}
        self._served_s = {one: at for one, at in self._served_s.items() if one in known}
        for webhook_id, key_id in sorted(due, key=lambda one: self._served_s.get(one[1], 0.0)):
            self._start(webhook_id, key_id)

    def _start(self, webhook_id: str, key_id: str) -> None:
        with self._lock:
            if webhook_id in self._busy or len(self._busy) >= self.most_at_once:
                return
            if list(self._whose.values()).count(key_id) >= MOST_OF_A_KEY:
                return
            # A daemon: a process that ends does not wait for receivers; the claims run out.
            thread = threading.Thread(target=self._serve, args=(webhook_id,), daemon=True)
            self._busy[webhook_id], self._whose[webhook_id] = thread, key_id
            self._served_s[key_id] = time.monotonic()
        thread.start()

    def settle(self, timeout_s: float) -> None:
        """Wait until no receiver has a thread any more."""
        for thread in list(self._busy.values()):
            thread.join(timeout_s)

    def _serve(self, webhook_id: str) -> None:
        try:
            with Line(self.limits) as line:
                self._turn(line, webhook_id)
        except Exception as trouble:  # noqa: BLE001 - the claims run out and it is met again
            log.failure("deliveries to a webhook failed", trouble, webhook_id=webhook_id)
        finally:
            with self._lock:
                del self._busy[webhook_id], self._whose[webhook_id]

    def _turn(self, line: Line, webhook_id: str) -> None:
        until_s, failed = time.monotonic() + _TURN_S, 0
        while failed < _IN_A_ROW and time.monotonic() < until_s:
            now = self.now()
            with self.db.begin() as session:
                found = store.ready_webhook(session, webhook_id, now)
                job = store.claim_delivery(session, webhook_id, now, LEASE) if found else None
                job = self._extended(session, found[0], job) if found and job else None
            if found is None or job is None:
                return
            failed = 0 if self._deliver(line, found[0], found[1], job) else failed + 1
        if failed == _IN_A_ROW:
            with self.db.begin() as session:
                store.postpone_all(session, webhook_id, "the receiver is away", self.now())

    def _extended(self, session: Session, webhook: Webhook, job: store.Job) -> store.Job:
        """Return the job with its request as the webhook wants to be told of it."""
        request = job.delivery.service_request_id
        if request is None or not webhook.extensions:
            return job
        return replace(job, fragment=self.extend(session, request))

    def _deliver(
        self, line: Line, webhook: Webhook, of_key: Collection[str], job: store.Job
    ) -> bool:
        """Make one try and write down what became of it; returns whether the receiver is there."""
        delivery = job.delivery
        allowed = webhook.may_tell(of_key, self.jurisdictions, wanted=False)
        if delivery.number is not None and (
            job.fragment is None or delivery.jurisdiction_id not in allowed
        ):
            dropped = Reply(status=None, reason="it is not public any more")
            self._settle(webhook, job, Verdict(state="dropped"), dropped)
            return True
        now = self.now()
        body = wire.message(delivery, job.fragment)
        secrets = wire.secrets_of(self.secret_key, webhook, now)
        reply = line.post(webhook.url, wire.signed(delivery.delivery_id, body, secrets, now), body)
        verdict = judge(reply, delivery.attempts, random.random())  # noqa: S311 - spreads tries
        self._settle(webhook, job, verdict, reply)
        return verdict.state == "sent"

    def _settle(self, webhook: Webhook, job: store.Job, verdict: Verdict, reply: Reply) -> None:
        with self.db.begin() as session:
            store.settle_delivery(
                session,
                job.delivery.delivery_id,
                verdict,
                status=reply.status,
                reason=None if verdict.state == "sent" else reply.reason,
                now=self.now(),
            )
            if verdict.disable:
                store.disable_webhook(session, webhook.webhook_id, reply.reason)
        self.figures.tries.labels(verdict.state).inc()
        if verdict.state == "dead":
            log.warning("delivery given up", webhook_id=webhook.webhook_id, reason=reply.reason)

    def measure(self) -> None:
        """Set the gauges."""
        now = self.now()
        with self.db.begin() as session:
            since = store.oldest_waiting(session, store.ready(now))
            dead = store.delivery_counts(session)["dead"]
        self.figures.oldest.set((now - since).total_seconds() if since else 0)
        self.figures.dead.set(dead)
