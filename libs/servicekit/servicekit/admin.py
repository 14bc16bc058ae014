"""The admin port of a process: /live, /ready and /metrics, never on the public address."""

import threading
from collections.abc import Callable, Iterable, Mapping
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import orjson

from servicekit import metrics

Check = Callable[[], object]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's word
        """Say nothing: a probe every few seconds is no news."""


def start(bind: tuple[str, int], expose: Callable[[], bytes], checks: Mapping[str, Check]) -> int:
    """Serve in a thread and return the port; a check that raises makes /ready a 503 naming it.

    ``expose`` returns what is told to Prometheus.
    """

    def answer(environ: dict[str, Any], respond: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            respond("200 OK", [("Content-Type", metrics.CONTENT_TYPE)])
            return [expose()]
        if path in {"/live", "/ready"}:
            faults = _faults(checks) if path == "/ready" else {}
            status = "503 Service Unavailable" if faults else "200 OK"
            respond(status, [("Content-Type", "application/json")])
            return [
                orjson.dumps(
                    {"ready" if path == "/ready" else "live": not faults, "faults": faults}
                )
            ]
        respond("404 Not Found", [("Content-Type", "text/plain")])
        return [b"/live /ready /metrics\n"]

    server = make_server(bind[0], bind[1], answer, server_class=_Server, handler_class=_Quiet)
    threading.Thread(target=server.serve_forever, name="admin", daemon=True).start()
    return int(server.server_port)


def _faults(checks: Mapping[str, Check]) -> dict[str, str]:
    faults = {}
    for name, check in checks.items():
        try:
            check()
        except Exception as trouble:  # noqa: BLE001 - whatever it is, the process is not ready
            faults[name] = f"{type(trouble).__name__}: {trouble}"[:300]
    return faults
