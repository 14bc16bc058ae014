"""Several processes that serve one address: a parent that forks them and stands for them all.

The parent opens the sockets before it forks, one for each worker, so that the kernel deals out
connections evenly. It holds the admin port: its figures are those of all workers, each with the
label ``worker``, and it is ready when all of them are. One that dies ends them all, so that who
supervises the parent starts everything anew; when the parent dies, its workers do at once.
"""

import functools
import os
import signal
import socket
import threading
import urllib.request
from collections.abc import Callable, Mapping, Sequence

from servicekit import admin, exposition, logs

log = logs.get(__name__)
BACKLOG = 2048
STOPPED_WITHIN_S = 30
ADMIN_WITHIN_S = 5
Work = Callable[[socket.socket, Callable[[int], None]], int]


def listening(host: str, port: int, count: int) -> list[socket.socket]:
    """Return sockets that listen on one address; one for all where the system cannot share it."""
    first = _bound(host, port, shared=count > 1)
    if count == 1 or not hasattr(socket, "SO_REUSEPORT"):
        return [first] * count
    port = first.getsockname()[1]
    return [first, *(_bound(host, port, shared=True) for _ in range(count - 1))]


def _bound(host: str, port: int, *, shared: bool) -> socket.socket:
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared and hasattr(socket, "SO_REUSEPORT"):
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind((host, port))
    made.listen(BACKLOG)
    made.setblocking(False)
    return made


def serve(bind: tuple[str, int], admin_bind: tuple[str, int], count: int, work: Work) -> int:
    """Run ``work`` in as many processes until SIGTERM or until one ends; return the status.

    ``work`` is given its socket and what to call with its own admin port.
    """
    sockets = listening(*bind, count)
    lifeline, held = os.pipe()
    workers: dict[int, int] = {}
    ports: list[int] = []
    news: list[int] = []
    # A signal between here and the handlers below must wait, or workers would be left behind.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)
    for number, made in enumerate(sockets):
        hears, tells = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(held)
            _work(lifeline, [one for one in sockets if one is not made], made, tells, work)
        os.close(tells)
        workers[pid] = number
        news.append(hears)
    for number in _ENDS:
        signal.signal(number, functools.partial(_end, workers))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDS)
    ports = [int(os.read(one, 16) or b"0") for one in news]
    if all(ports):
        _answer_for(ports, admin_bind)
    return _wait(workers)


_ENDS = (signal.SIGTERM, signal.SIGINT)


def _work(
    lifeline: int,
    others: Sequence[socket.socket],
    made: socket.socket,
    tells: int,
    work: Work,
) -> None:
    """Be a worker; never returns."""
    status = 1
    try:
        for number in _ENDS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDS)
        for other in others:
            other.close()
        threading.Thread(target=_die_with_parent, args=(lifeline,), daemon=True).start()
        status = work(made, lambda port: _tell(tells, port))
    except Exception as trouble:  # noqa: BLE001 - a fork must not run on into its parent's code
        log.failure("a worker failed", trouble)
    finally:
        os._exit(status)


def _tell(tells: int, port: int) -> None:
    os.write(tells, str(port).encode())
    os.close(tells)


def _die_with_parent(lifeline: int) -> None:
    os.read(lifeline, 1)  # nobody ever writes: it ends when the parent does
    os._exit(1)


def _end(workers: Mapping[int, int], *_: object) -> None:
    for pid in workers:
        os.kill(pid, signal.SIGTERM)
    signal.alarm(STOPPED_WITHIN_S)  # SIGALRM ends the parent, and the lifeline all that is left


def _wait(workers: dict[int, int]) -> int:
    """Return once all workers ended: 0 when they did because they were told to."""
    worst, told = 0, False
    while workers:
        pid, status = os.waitpid(-1, 0)
        number = workers.pop(pid, None)
        code = os.waitstatus_to_exitcode(status)
        worst = worst or abs(code)
        if workers and not told and number is not None:
            told = True
            if code:
                log.warning("a worker died; the others end too", worker=number, status=code)
            _end(workers)
    return min(worst, 255)


def _answer_for(ports: Sequence[int], bind: tuple[str, int]) -> None:
    """Answer on the admin port for all workers."""

    def expose() -> bytes:
        texts = [([str(n)], _ask(port, "metrics")) for n, port in enumerate(ports)]
        return exposition.merge(["worker"], texts).encode()

    checks = {
        f"worker {number}": functools.partial(_ask, port, "ready")
        for number, port in enumerate(ports)
    }
    log.info("admin", port=admin.start(bind, expose, checks), workers=len(ports))


def _ask(port: int, what: str) -> str:
    url = f"http://127.0.0.1:{port}/{what}"
    with urllib.request.urlopen(url, timeout=ADMIN_WITHIN_S) as answer:
        return str(answer.read().decode())
