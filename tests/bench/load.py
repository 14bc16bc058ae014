"""Many clients that send one request again and again, in a process of their own.

``wrk`` where it is installed, for it costs the least; else the clients below, by uvloop. Run as
``python load.py PORT CLIENTS SECONDS GOOD`` with the request on standard input.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from statistics import quantiles

import uvloop

UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True)
class Load:
    """What the clients saw: answers, seconds, milliseconds that half and 99 % of them took."""

    count: int
    took_s: float
    p50_ms: float
    p99_ms: float


def load(port: int, asked: bytes, clients: int, seconds: float, good: int) -> Load:
    """Let many clients send a request for a while; raises RuntimeError for any other answer."""
    if shutil.which("wrk"):
        return by_wrk(port, asked, clients, seconds)
    command = [sys.executable, __file__, str(port), str(clients), str(seconds), str(good)]
    done = subprocess.run(command, input=asked, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.decode()[-600:])
    return Load(**json.loads(done.stdout))


def by_wrk(port: int, asked: bytes, clients: int, seconds: float, more: str = "") -> Load:
    """Let wrk be the clients; ``more`` is Lua that may make each request another one."""
    head, _, body = asked.decode().partition("\r\n\r\n")
    first, *rest = head.split("\r\n")
    method, path, _ = first.split(" ")
    lines = [f"wrk.method = {json.dumps(method)}", f"wrk.body = {json.dumps(body)}"]
    for line in rest:
        name, _, value = line.partition(": ")
        if name.lower() not in {"host", "content-length"}:
            lines.append(f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}")
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write("\n".join([*lines, more]))
        script.flush()
        threads = ["-t1", f"-c{clients}", f"-d{max(1, round(seconds))}s", "--latency"]
        command = ["wrk", *threads, "-s", script.name, f"http://127.0.0.1:{port}{path}"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(said)
    found = re.search(r"(\d+) requests in ([\d.]+)s", said)
    assert found, said
    return Load(int(found[1]), float(found[2]), percentile(said, 50), percentile(said, 99))


def percentile(said: str, rank: int) -> float:
    """Return milliseconds out of wrk's report."""
    found = re.search(rf"{rank}%\s+([\d.]+)(us|ms|s)", said)
    assert found, said
    return float(found[1]) * UNITS[found[2]]


class Client(asyncio.Protocol):
    """One client: sends, waits for the answer, sends again."""

    def __init__(self, asked: bytes, good: bytes, times: list[float], until: float) -> None:
        self.asked, self.good, self.times, self.until = asked, good, times, until
        self.heard = b""
        self.sent = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.send()

    def send(self) -> None:
        self.sent = time.perf_counter()
        self.transport.write(self.asked)

    def data_received(self, data: bytes) -> None:
        self.heard += data
        head, end, body = self.heard.partition(b"\r\n\r\n")
        if not end:
            return
        length = int(head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        if len(body) < length:
            return
        if not head.startswith(b"HTTP/1.1 " + self.good):
            self.done.set_exception(RuntimeError(self.heard[:600].decode(errors="replace")))
            return
        self.heard, now = b"", time.perf_counter()
        self.times.append(now - self.sent)
        if now < self.until:
            self.send()
        else:
            self.transport.close()
            self.done.set_result(None)

    def connection_lost(self, trouble: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(trouble or RuntimeError("the server hung up"))


async def many(port: int, asked: bytes, clients: int, seconds: float, good: bytes) -> Load:
    """Be the clients."""
    began, times = time.perf_counter(), list[float]()
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(
            lambda: Client(asked, good, times, began + seconds), "127.0.0.1", port
        )
        for _ in range(clients)
    ]
    await asyncio.gather(*(client.done for _, client in made))
    marks = quantiles(times, n=100)
    return Load(len(times), time.perf_counter() - began, marks[49] * 1000, marks[98] * 1000)


if __name__ == "__main__":
    port, clients, seconds, good = sys.argv[1:]
    whole = many(int(port), sys.stdin.buffer.read(), int(clients), float(seconds), good.encode())
    print(json.dumps(uvloop.run(whole).__dict__))
