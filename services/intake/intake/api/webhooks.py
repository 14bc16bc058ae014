"""The door for applications that want to be told: their webhooks and what is delivered to them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from servicekit.errors import NotFound
from servicekit.keys import Key
from sqlalchemy.orm import Session, sessionmaker

from intake import actions, store, wire
from intake.actions import webhooks as hooks
from intake.api.answers import may
from intake.domain.webhooks import Webhook
from intake.keyring import Keyring

Told = dict[str, Any]
_ACCEPTED = 202
_CREATED = 201


@dataclass(frozen=True, kw_only=True)
class Webhooks:
    """Each key sees its own webhooks and no others, as often as it may ask for anything."""

    db: sessionmaker[Session]
    ground: actions.Ground
    keys: Keyring
    now: Callable[[], datetime]
    http: bool
    private: bool

    @contextmanager
    def _asked(self, call: str) -> Iterator[tuple[Session, Key]]:
        key = may(self.keys, call)
        with self.db.begin() as session:
            yield session, key

    def get_webhooks(self) -> list[Told]:
        """List the webhooks of the key."""
        with self._asked("get_webhooks") as (session, key):
            return [self._shown(session, one) for one in store.webhooks_of(session, key.id)]

    def post_webhook(self, body: Mapping[str, Any]) -> tuple[Told, int]:
        """Make a webhook; its secret is shown now and never again."""
        with self._asked("post_webhook") as (session, key):
            webhook = hooks.add_webhook(
                session, self.ground, key, self._checked(body), now=self.now()
            )
            return {**self._shown(session, webhook), "secret": self._secret(webhook)}, _CREATED

    def get_webhook(self, webhook_id: str) -> Told:
        """Return one webhook."""
        with self._asked("get_webhook") as (session, key):
            return self._shown(session, hooks.own(session, key, webhook_id))

    def patch_webhook(self, webhook_id: str, body: Mapping[str, Any]) -> Told:
        """Change a webhook."""
        with self._asked("patch_webhook") as (session, key):
            changed = hooks.change_webhook(
                session, self.ground, key, webhook_id, self._checked(body)
            )
            return self._shown(session, changed)

    def delete_webhook(self, webhook_id: str) -> None:
        """Forget a webhook and its deliveries."""
        with self._asked("delete_webhook") as (session, key):
            store.delete_webhook(session, hooks.own(session, key, webhook_id).webhook_id)

    def post_webhook_secret(self, webhook_id: str) -> Told:
        """Give a webhook a new secret, which is shown now and never again."""
        with self._asked("post_webhook_secret") as (session, key):
            webhook = hooks.rotate_secret(session, key, webhook_id, now=self.now())
            return {**self._shown(session, webhook), "secret": self._secret(webhook)}

    def post_webhook_ping(self, webhook_id: str) -> tuple[Told, int]:
        """Send a message that means nothing."""
        with self._asked("post_webhook_ping") as (session, key):
            webhook = hooks.own(session, key, webhook_id)
            identity = hooks.ping(session, webhook, now=self.now())
        return {"delivery_id": identity}, _ACCEPTED

    def get_deliveries(self, webhook_id: str, state: str | None = None, limit: int = 100) -> Any:
        """List what was, is to be, or could not be delivered."""
        with self._asked("get_deliveries") as (session, key):
            webhook = hooks.own(session, key, webhook_id)
            rows = store.deliveries_of(session, webhook.webhook_id, state, limit)
        return [wire.delivery_shown(row) for row in rows]

    def post_delivery_retry(self, webhook_id: str, delivery_id: str) -> tuple[Told, int]:
        """Try a dead delivery again."""
        with self._asked("post_delivery_retry") as (session, key):
            webhook = hooks.own(session, key, webhook_id)
            if not store.revive_deliveries(session, webhook.webhook_id, self.now(), delivery_id):
                raise NotFound(f'no dead delivery has the delivery_id "{delivery_id[:100]}"')
        return {"retried": 1}, _ACCEPTED

    def post_webhook_retry(self, webhook_id: str) -> tuple[Told, int]:
        """Try all dead deliveries again."""
        with self._asked("post_webhook_retry") as (session, key):
            webhook = hooks.own(session, key, webhook_id)
            retried = store.revive_deliveries(session, webhook.webhook_id, self.now())
        return {"retried": retried}, _ACCEPTED

    def post_webhook_replay(self, webhook_id: str, body: Mapping[str, Any]) -> tuple[Told, int]:
        """Tell once more of all that changed after a cursor."""
        with self._asked("post_webhook_replay") as (session, key):
            webhook = hooks.own(session, key, webhook_id)
            moved = hooks.replay(session, self.ground, webhook, body["after"])
            return self._shown(session, moved), _ACCEPTED

    def _checked(self, wish: Mapping[str, Any]) -> Mapping[str, Any]:
        if "url" not in wish:
            return wish
        url = wire.read_url(wish["url"], http=self.http, private=self.private)
        return {**wish, "url": url}

    def _shown(self, session: Session, webhook: Webhook) -> Told:
        return wire.webhook_shown(webhook, store.delivery_counts(session, webhook.webhook_id))

    def _secret(self, webhook: Webhook) -> str:
        return wire.secret_of(self.ground.secret_key, webhook.webhook_id, webhook.secret_version)
