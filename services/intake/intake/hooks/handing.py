"""Changes are handed over to the webhooks that want them."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session, sessionmaker

from intake import store

HAND_OVER_EVERY_S = 0.5
KEPT = timedelta(days=30)
FORGET_EVERY_S = 600.0
_AT_ONCE = 500
_FORGOTTEN_AT_ONCE = 5000


@dataclass(frozen=True, kw_only=True)
class Handing:
    """Makes deliveries out of the feed; a webhook's cursor moves with them, or not at all."""

    db: sessionmaker[Session]
    jurisdictions: Collection[str]
    now: Callable[[], datetime]

    def run(self) -> float | None:
        """Bring all webhooks that are behind one page further; 0 when there may be more."""
        with self.db.begin() as session:
            last = max(store.last_numbers(session, self.jurisdictions).values(), default=0)
            late = store.behind(session, last, self.now())
        more = [self._hand_over(webhook_id, last) for webhook_id in late]
        return 0 if any(more) else None

    def _hand_over(self, webhook_id: str, last: int) -> bool:
        now = self.now()
        with self.db.begin() as session:
            found = store.ready_webhook(session, webhook_id, now, hold=True)
            if found is None or found[0].cursor >= last:
                return False
            webhook, of_key = found
            may = webhook.may_tell(of_key, self.jurisdictions)
            return store.hand_over(session, webhook, may, last=last, limit=_AT_ONCE, now=now)

    def forget(self) -> float | None:
        """Delete what was delivered, or given up, a month ago."""
        with self.db.begin() as session:
            gone = store.forget_deliveries(session, self.now() - KEPT, _FORGOTTEN_AT_ONCE)
        return 0 if gone == _FORGOTTEN_AT_ONCE else None
