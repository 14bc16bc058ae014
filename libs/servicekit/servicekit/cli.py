"""The commands that every service has: serve listen relay tick migrate topics parked."""

import argparse
import gc
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import FrameType

import orjson
import sqlalchemy as sa

from servicekit import admin, db, logs, metrics, roles, topics, workers
from servicekit.config import BadConfig
from servicekit.consumer import Listener, NotYet, handle, parked_record
from servicekit.errors import ServiceError
from servicekit.metrics import Counter, Histogram
from servicekit.outbox import Relay, producer
from servicekit.process import Process, Service, Tick

log = logs.get(__name__)
Run = Callable[[Process, Sequence[str]], int]


def main(service: Service, argv: Sequence[str] | None = None) -> int:
    """Run one command of a service and return its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    known = {**_COMMANDS, **{name: (one.help, one.run) for name, one in service.commands.items()}}
    if not arguments or arguments[0] not in known:
        print(_usage(service, known), file=sys.stderr)  # noqa: T201 - the answer to a person
        return 2
    try:
        process = Process(service)
        logs.configure(service.name, process.common.log_level)
        return known[arguments[0]][1](process, arguments[1:])
    except BadConfig as fault:
        print(f"{service.name}: {fault}", file=sys.stderr)  # noqa: T201 - the answer to a person
        return 2
    except ServiceError as refusal:
        print(f"{service.name}: {refusal.description}", file=sys.stderr)  # noqa: T201 - as above
        return 1


def _usage(service: Service, known: Mapping[str, tuple[str, Run]]) -> str:
    lines = [f"  {name:<10} {text}" for name, (text, _) in known.items()]
    return "\n".join([f"usage: python -m {service.name} COMMAND", *lines])


def _serve(process: Process, _: Sequence[str]) -> int:
    """Serve HTTP until SIGTERM; requests under way are finished first."""
    common = process.common
    if common.workers == 1:
        [only] = workers.listening(*common.bind, 1)
        return _serve_on(process, only, lambda: _start_admin(process))
    process.contracts.schemas  # noqa: B018 - read once, for all of them

    def work(made: socket.socket, tell: Callable[[int], None]) -> int:
        return _serve_on(process, made, lambda: tell(_start_admin(process, ("127.0.0.1", 0))))

    return workers.serve(common.bind, common.admin_bind, common.workers, work)


def _serve_on(process: Process, made: socket.socket, begin: Callable[[], object]) -> int:
    import uvicorn  # noqa: PLC0415 - only this role needs it

    from servicekit.web.door import Door  # noqa: PLC0415 - as above

    app = process.service.serve(process)
    # What is built by now stays; looking through all of it for garbage, again and again, would hold
    # up whoever asks at that moment for a tenth of a second.
    gc.collect()
    gc.freeze()
    begin()

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            process.stopping.set()
            super().handle_exit(sig, frame)

    server = Server(
        uvicorn.Config(
            app,
            http=Door,
            access_log=False,
            log_config=None,
            server_header=False,
            lifespan="on",
            timeout_graceful_shutdown=20,
            proxy_headers=False,
        )
    )
    host, port = made.getsockname()[:2]
    log.info("serving", host=host, port=port)
    server.run(sockets=[made])
    return 0 if server.started else 1


def _listen(process: Process, _: Sequence[str]) -> int:
    """Read the topics until SIGTERM."""
    stop = _stop_on_signal()
    fixed, own = process.contracts.read_by(process.service.name), process.service.reads(process)
    listener = Listener(
        service=process.service.name,
        topics=[topic.name for topic in (*fixed, *own) if not topic.is_template],
        on=process.service.handlers(process),
        answer=process.service.answer(process),
        db=process.db,
        contracts=process.contracts,
        bootstrap_servers=process.common.kafka_bootstrap_servers,
        session_timeout_ms=process.common.kafka_session_timeout_ms,
        registry=process.metrics,
    )
    _start_admin(process)
    listener.run(stop)
    return 0


def _relay(process: Process, _: Sequence[str]) -> int:
    """Send the outbox until SIGTERM."""
    stop = _stop_on_signal()
    relay = Relay(
        process.engine,
        lambda: producer(process.common.kafka_bootstrap_servers),
        process.now,
        process.metrics,
        process.service.name,
    )
    _start_admin(process)
    relay.run(stop)
    return 0


def _tick(process: Process, _: Sequence[str]) -> int:
    """Do the timed work until SIGTERM; each kind has its own thread."""
    stop = _stop_on_signal()
    ticks = process.service.ticks(process)
    runs = Counter(
        f"{process.service.name}_ticks",
        "Rounds of timed work",
        process.metrics,
        ["tick", "outcome"],
    )
    took = Histogram(
        f"{process.service.name}_tick_seconds", "Time of a round", process.metrics, ["tick"]
    )
    _start_admin(process)

    def loop(tick: Tick) -> None:
        while not stop.is_set():
            pause_s: float | None = None
            began = time.monotonic()
            try:
                pause_s = tick.run()
                runs.labels(tick.name, "done").inc()
            except Exception as trouble:  # noqa: BLE001 - the next round meets it again
                runs.labels(tick.name, "failed").inc()
                log.failure("a tick failed", trouble, tick=tick.name)
            took.labels(tick.name).observe(time.monotonic() - began)
            stop.wait(tick.every_s if pause_s is None else pause_s)

    threads = [threading.Thread(target=loop, args=(tick,), name=tick.name) for tick in ticks]
    for thread in threads:
        thread.start()
    stop.wait()
    for thread in threads:
        thread.join(timeout=20)
    return 0


def _migrate(process: Process, _: Sequence[str]) -> int:
    """Bring the database to the newest migration."""
    owner, worker = process.common.owner_database_url, process.common.database_url
    db.migrate(process.service.migrations, owner)
    if owner != worker:
        roles.grant(owner, worker, process.service.append_only)
    return 0


def _topics(process: Process, _: Sequence[str]) -> int:
    """Create the topics that this service reads or writes."""
    name = process.service.name
    fixed = [*process.contracts.written_by(name), *process.contracts.read_by(name)]
    wanted = [topic for topic in fixed if not topic.is_template]
    own = (*process.service.topics(process), *process.service.reads(process))
    made = topics.create(process.common.kafka_bootstrap_servers, [*wanted, *own])
    log.info("topics are there", made=made)
    return 0


def _parked(process: Process, argv: Sequence[str]) -> int:
    """List, show or replay the events that were set aside."""
    parser = argparse.ArgumentParser(prog=f"python -m {process.service.name} parked")
    parser.add_argument("act", choices=["list", "show", "replay"])
    parser.add_argument("ids", nargs="*", type=int, help="ids that list prints")
    parser.add_argument("--all", action="store_true", help="every one that is still parked")
    wanted = parser.parse_args(argv)
    if wanted.act != "list" and not (wanted.ids or wanted.all):
        parser.error(f"{wanted.act} needs an id or --all")
    query = sa.select(db.PARKED).order_by(db.PARKED.c.id)
    query = (
        query.where(db.PARKED.c.id.in_(wanted.ids))
        if wanted.ids
        else query.where(db.PARKED.c.replayed_at.is_(None))
    )
    with process.db() as session:
        rows = session.execute(query).all()
    act = {"list": _list_parked, "show": _show_parked, "replay": _replay_parked}[wanted.act]
    return max([act(process, row) for row in rows], default=0)


def _list_parked(_: Process, row: sa.Row[tuple[object, ...]]) -> int:
    _print(
        id=row.id,
        at=row.parked_at,
        topic=row.topic,
        type=row.event_type,
        event=row.event_id,
        reason=row.reason,
    )
    return 0


def _show_parked(_: Process, row: sa.Row[tuple[object, ...]]) -> int:
    record = parked_record(row)
    headers = {name: value.decode(errors="replace") for name, value in record.headers}
    _print(
        id=row.id,
        at=row.parked_at,
        replayed_at=row.replayed_at,
        topic=row.topic,
        partition=row.partition,
        offset=row.offset,
        reason=row.reason,
        headers=headers,
        value=(record.value or b"").decode(errors="replace"),
    )
    return 0


def _replay_parked(process: Process, row: sa.Row[tuple[object, ...]]) -> int:
    """Handle a parked event once more; it stays parked when it is refused again."""
    on = process.service.handlers(process)
    before = process.now()
    try:
        outcome: str = handle(
            parked_record(row),
            on=on,
            db=process.db,
            contracts=process.contracts,
            group=process.service.name,
            answer=process.service.answer(process),
        )
    except NotYet as missing:
        outcome = f"parked: {missing}"
    if not outcome.startswith("parked"):
        change = sa.update(db.PARKED).where(db.PARKED.c.id == row.id).values(replayed_at=before)
        with process.db.begin() as session:
            session.execute(change)
    _print(id=row.id, outcome=outcome)
    return int(outcome.startswith("parked"))


def _print(**fields: object) -> None:
    sys.stdout.write(orjson.dumps(fields, default=str).decode() + "\n")


def _start_admin(process: Process, bind: tuple[str, int] | None = None) -> int:
    port = admin.start(
        bind or process.common.admin_bind,
        lambda: metrics.exposition(process.metrics),
        {"database": process.check_database},
    )
    log.info("admin", port=port)
    return port


def _stop_on_signal() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


_COMMANDS: dict[str, tuple[str, Run]] = {
    "serve": ("serve HTTP", _serve),
    "listen": ("read the topics", _listen),
    "relay": ("send the outbox", _relay),
    "tick": ("do the timed work", _tick),
    "migrate": ("bring the database up to date", _migrate),
    "topics": ("create the topics", _topics),
    "parked": ("list, show or replay refused events", _parked),
}
