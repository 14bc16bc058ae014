"""What stands outside one service's doors: a clock that is moved, a client, events that arrive."""

import asyncio
from concurrent import futures
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from unittest import mock

import httpx
from servicekit.consumer import Record, handle
from servicekit.errands import Errands


def apart(coroutine):
    """Run a coroutine to its end in a thread: a test that used the browser left its loop here."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


@contextmanager
def errands_done():
    """Wait, at the end, for work that was begun ahead: it shall not outlive its database."""
    begun, begin = [], Errands.begin

    def noted(*given):
        begun.append(begin(*given))
        return begun[-1]

    with mock.patch.object(Errands, "begin", noted):
        yield
        futures.wait(begun)


class Clock:
    """A clock that a test moves."""

    def __init__(self, moment):
        self.moment = moment

    def __call__(self):
        return self.moment

    def forward(self, **span):
        self.moment += timedelta(**span)


class Client:
    """Asks an ASGI application as clients over HTTP would, many at once if asked for."""

    sent = 0  # by all clients of this run

    def __init__(self, application, base_url="http://server.example", peer="127.0.0.1"):
        self.transport = httpx.ASGITransport(application, client=(peer, 50_000))
        self.base_url = base_url

    def together(self, asks):
        """Send (method, url, options) all at once and return the answers in that order."""
        Client.sent += len(asks)

        async def ask():
            async with httpx.AsyncClient(
                transport=self.transport, base_url=self.base_url
            ) as client:
                return await asyncio.gather(
                    *(client.request(method, url, **options) for method, url, options in asks)
                )

        return apart(ask())

    def __call__(self, method, url, **options):
        return self.together([(method, url, options)])[0]

    def get(self, url, **options):
        return self("GET", url, **options)

    def post(self, url, **options):
        return self("POST", url, **options)


def arrive(event, process, on, *, offset):
    """Let an event come out of the log; returns what became of it."""
    channels = process.contracts.channels.values()
    topic = next(one.name for one in channels if event.type in one.types and not one.is_template)
    record = Record(
        topic=topic,
        partition=0,
        offset=offset,
        key=event.subject.encode(),
        headers=event.headers(),
        value=event.value(),
    )
    return handle(
        record,
        on=on,
        db=process.db,
        contracts=process.contracts,
        group=process.service.name,
    )
