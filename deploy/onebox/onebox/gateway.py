"""The one address and the admin port: ``python -m onebox.gateway gateway.json``.

The launcher writes the JSON file: the two ports, where each service listens, the admin port of
each process, and the folder of the mails.
"""

import asyncio
import json
import logging
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

import httpcore
import uvicorn
from servicekit import exposition
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from onebox import mails
from onebox.proxy import Proxy

HOST = "127.0.0.1"
ASK_WITHIN_S = 3.0
_OK = 200


class Admin:
    """What operations and developers read; never on the public address."""

    def __init__(self, described: Mapping[str, Any]) -> None:
        self.processes = {one["name"]: one["admin"] for one in described["processes"]}
        self.mails = Path(described["mails"])
        self._pool = httpcore.AsyncConnectionPool(max_connections=64, keepalive_expiry=4.0)

    def app(self) -> Starlette:
        """Return the ASGI application."""
        routes = [
            Route("/", self.index),
            Route("/live", self.live),
            Route("/ready", self.ready),
            Route("/metrics", self.metrics),
            Route("/mails", self.list_mails),
            Route("/mails/{name}", self.read_mail),
        ]
        # A page elsewhere must not read this one through a name of its own that leads here.
        hosts = [HOST, "localhost"]
        middleware = [Middleware(TrustedHostMiddleware, allowed_hosts=hosts)]
        return Starlette(routes=routes, middleware=middleware, lifespan=self._live)

    @asynccontextmanager
    async def _live(self, _: Starlette) -> AsyncIterator[None]:
        async with self._pool:
            yield

    async def index(self, _: Request) -> Response:
        """Name the pages."""
        return PlainTextResponse("/live /ready /metrics /mails\n")

    async def live(self, _: Request) -> Response:
        """Answer that this process runs."""
        return JSONResponse({"live": True})

    async def ready(self, _: Request) -> Response:
        """Name what is not ready; 200 when that is nothing."""
        names = list(self.processes)
        heard = await asyncio.gather(*(self._ask(name, "/ready") for name in names))
        faults = {n: _fault(*a) for n, a in zip(names, heard, strict=True) if a[0] != _OK}
        return JSONResponse({"ready": not faults, "faults": faults}, 503 if faults else _OK)

    async def metrics(self, _: Request) -> Response:
        """Return the metrics of all processes in one text; one that is away has ``up`` 0."""
        names = list(self.processes)
        heard = await asyncio.gather(*(self._ask(name, "/metrics") for name in names))
        texts = {}
        for name, (status, body) in zip(names, heard, strict=True):
            process, _, role = name.partition(" ")
            texts[(process, role)] = f"{_UP}{body}" if status == _OK else _DOWN
        merged = exposition.merge(("process", "role"), texts.items())
        return Response(merged, media_type=exposition.CONTENT_TYPE)

    async def list_mails(self, _: Request) -> Response:
        """Show the newest mails."""
        return HTMLResponse(await asyncio.to_thread(mails.list_page, self.mails), headers=_SAFE)

    async def read_mail(self, request: Request) -> Response:
        """Show one mail."""
        path = mails.find(self.mails, request.path_params["name"])
        if path is None:
            return PlainTextResponse("no such mail\n", 404)
        return HTMLResponse(await asyncio.to_thread(mails.mail_page, path), headers=_SAFE)

    async def _ask(self, name: str, path: str) -> tuple[int, str]:
        try:
            answer = await self._pool.request(
                "GET",
                f"http://{self.processes[name]}{path}",
                extensions={"timeout": dict.fromkeys(("connect", "read", "pool"), ASK_WITHIN_S)},
            )
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as fault:
            return 0, f"does not answer ({type(fault).__name__})"
        return answer.status, answer.content.decode()


_UP = "# HELP up Whether the process answered\n# TYPE up gauge\nup 1\n"
_DOWN = _UP.replace("up 1", "up 0")
_SAFE = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}


def _fault(status: int, body: str) -> str:
    if not status:
        return body
    try:
        faults = json.loads(body).get("faults", {})
    except ValueError:
        faults = {}
    return "; ".join(f"{name}: {why}" for name, why in faults.items()) or f"answers {status}"


class _Server(uvicorn.Server):
    """Leaves the signals to ``serve``, which has two servers to stop."""

    def capture_signals(self) -> Any:
        """Capture nothing."""
        return nullcontext()


def config(app: Any, port: int) -> uvicorn.Config:
    """Return how both ports are served; nobody before us may say who the client is."""
    return uvicorn.Config(
        app,
        host=HOST,
        port=port,
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        lifespan="on",
        ws="none",
        proxy_headers=False,
        timeout_graceful_shutdown=10,
    )


async def serve(described: Mapping[str, Any]) -> bool:
    """Serve both ports until SIGTERM; return whether both could be had."""
    proxy = Proxy(described["services"])
    apps: dict[int, Any] = {described["public"]: proxy, described["admin"]: Admin(described).app()}
    servers = [_Server(config(app, port)) for port, app in apps.items()]

    def stop() -> None:
        for server in servers:
            server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    await asyncio.gather(*(server.serve() for server in servers))
    return all(server.started for server in servers)


def main() -> int:
    """Run the gateway; return the exit status."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    described = json.loads(Path(sys.argv[1]).read_text())
    return 0 if asyncio.run(serve(described)) else 1


if __name__ == "__main__":
    sys.exit(main())
