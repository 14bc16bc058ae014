"""Commands of operations for what goes out to webhooks."""

import argparse
from collections.abc import Callable, Sequence

from servicekit.process import Command, Process
from sqlalchemy.orm import Session

from intake import actions, store
from intake.actions import webhooks as hooks
from intake.domain.webhooks import Webhook

_MOST = 1000


def webhooks_command(ground: Callable[[Process], actions.Ground]) -> Command:
    """Return ``webhooks list|dead|retry|ping|pause|wake|replay|delete``."""

    def run(process: Process, argv: Sequence[str]) -> int:
        asked = _parser().parse_args(argv)
        with process.db.begin() as session:
            if asked.act == "list":
                _list(session)
            elif asked.act == "dead":
                _dead(session, asked.webhook_id)
            elif asked.act == "retry":
                return _retry(process, session, asked)
            else:
                _change(process, session, ground(process), asked)
        return 0

    return Command(help="watch, retry, replay and stop webhooks", run=run)


def show_looks(process: Process, argv: Sequence[str]) -> int:
    """``looks [--request ID] [--subject WHO]``: who of the staff looked at who reported."""
    parser = argparse.ArgumentParser(prog="intake looks")
    parser.add_argument("--request", help="only at this request")
    parser.add_argument("--subject", help="only of this one: account:ana, oidc:…, a key's name")
    asked = parser.parse_args(argv)
    with process.db.begin() as session:
        for row in store.looks(session, asked.request, asked.subject):
            shown = "shown" if row.shown else "not shown"
            where = (row.jurisdiction_id or "-", row.service_request_id or "-")
            _say(row.looked_at.isoformat(), row.subject, row.by, *where, shown)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="intake webhooks")
    acts = parser.add_subparsers(dest="act", required=True)
    acts.add_parser("list", help="show all webhooks, what waits for them and what is dead")
    dead = acts.add_parser("dead", help="list the deliveries that were given up")
    dead.add_argument("webhook_id", nargs="?")
    retry = acts.add_parser("retry", help="try dead deliveries again")
    retry.add_argument("delivery_id", nargs="?")
    retry.add_argument("--all", action="store_true", help="every one that is dead")
    retry.add_argument("--webhook", help="every one of this webhook")
    for name, text in (
        ("ping", "send a message that means nothing"),
        ("pause", "let a webhook rest; it misses nothing"),
        ("wake", "let it work again"),
        ("delete", "forget it and its deliveries"),
        ("replay", "tell it again of all that changed after a cursor"),
    ):
        one = acts.add_parser(name, help=text)
        one.add_argument("webhook_id")
        if name == "replay":
            one.add_argument("--after", help="a cursor of the change feed; else the oldest kept")
    return parser


def _list(session: Session) -> None:
    for webhook in store.webhooks_of(session):
        counts = store.delivery_counts(session, webhook.webhook_id)
        _say(
            webhook.webhook_id,
            webhook.key_id,
            webhook.state,
            f"{counts['waiting']} waiting",
            f"{counts['dead']} dead",
            webhook.url,
            webhook.reason or "",
        )


def _dead(session: Session, webhook_id: str | None) -> None:
    every = [one.webhook_id for one in store.webhooks_of(session)]
    for one in every if webhook_id is None else [webhook_id]:
        for row in store.deliveries_of(session, one, "dead", _MOST):
            _say(row.delivery_id, one, row.settled_at.isoformat(), row.attempts, row.reason)


def _retry(process: Process, session: Session, asked: argparse.Namespace) -> int:
    if not (asked.delivery_id or asked.webhook or asked.all):
        _say("say which: a delivery, --webhook ID or --all")
        return 2
    count = store.revive_deliveries(session, asked.webhook, process.now(), asked.delivery_id)
    _say(f"{count} wait again")
    return int(count == 0)


def _change(
    process: Process, session: Session, ground: actions.Ground, asked: argparse.Namespace
) -> None:
    webhook: Webhook = hooks.any_of(session, asked.webhook_id)
    if asked.act == "ping":
        _say(hooks.ping(session, webhook, now=process.now()))
    elif asked.act == "delete":
        store.delete_webhook(session, webhook.webhook_id)
    elif asked.act == "replay":
        hooks.replay(session, ground, webhook, asked.after)
    else:
        hooks.set_state(session, webhook, "paused" if asked.act == "pause" else "active")


def _say(*words: object) -> None:
    print(*words, sep="\t")  # noqa: T201 - a command answers a person
