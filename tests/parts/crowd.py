"""Many citizens at once: made-up reports in the column format of a replay file."""

from __future__ import annotations

import contextlib
import csv
import io
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx

from parts.people import Citizen, a_photo
from parts.platform import CITY, Platform

WORDS = (
    "Llevan así una semana",
    "Frente al portal",
    "Muy peligroso de noche",
    "Otra vez",
    "Gracias",
)


def listed(platform: Platform) -> dict[str, str]:
    """Return code and name of the services that one can report to without answering questions."""
    services = platform.http.get(
        "/open311/v2/services.json", params={"jurisdiction_id": CITY}
    ).json()
    return {
        service["service_code"]: service["service_name"]
        for service in services
        if service["type"] == "realtime" and not service["metadata"]
    }


def rows(services: dict[str, str], count: int, seed: int = 1) -> Iterator[dict[str, str]]:
    """Return made-up reports, always the same ones for one seed."""
    codes = sorted(services)
    dice = random.Random(seed)  # noqa: S311 - no secret
    for number in range(count):
        code = dice.choice(codes)
        yield {
            "lang": "es",
            "request_id": f"made-{seed}-{number}",
            "service_code": code,
            "service_name": services[code],
            "description": f"{dice.choice(WORDS)} ({number})",
            "lat": f"{43.4623 + dice.uniform(-0.004, 0.004):.6f}",
            "long": f"{-3.8099 + dice.uniform(-0.01, 0.01):.6f}",
        }


def as_csv(made: list[dict[str, str]]) -> str:
    """Return rows as a replay file."""
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(made[0]))
    writer.writeheader()
    writer.writerows(made)
    return out.getvalue()


@dataclass
class Crowd:
    """Citizens who report one after the other until told to stop, whatever dies meanwhile."""

    platform: Platform
    pause_s: float = 0.1
    people: int = 4
    accepted: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    failed: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def reporting(self) -> Iterator[Crowd]:
        """Report in the background for as long as the block runs."""
        services = listed(self.platform)
        with ThreadPoolExecutor(self.people) as pool:
            running = [pool.submit(self._report, services, seed) for seed in range(self.people)]
            try:
                yield self
            finally:
                self._stop.set()
                for one in running:
                    one.result()

    def _report(self, services: dict[str, str], seed: int) -> None:
        citizen = Citizen(self.platform)
        for number, row in enumerate(rows(services, 1_000_000, seed)):
            if self._stop.is_set():
                return
            photos = [a_photo((seed, number % 250, 9), (64, 48))] if number % 5 == 0 else []
            fields = {name: row[name] for name in ("service_code", "description", "lat", "long")}
            self.send(citizen, fields, photos)
            time.sleep(self.pause_s)

    def send(self, citizen: Citizen, fields: dict[str, str], photos: list[bytes]) -> None:
        """Send one report and remember what became of it."""
        try:
            answer = citizen.report(*photos, **fields)
        except httpx.HTTPError:
            self.failed += 1
            return
        if answer.status_code == httpx.codes.CREATED:
            self.accepted.append(answer.json()[0]["service_request_id"])
        elif answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            self.failed += 1
        else:
            self.refused.append(answer.text)

    def has_reported(self, more: int) -> None:
        """Return when this many more reports were accepted: life goes on."""
        wanted = len(self.accepted) + more
        deadline = time.monotonic() + 180
        while len(self.accepted) < wanted:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.failed} reports failed, {self.refused[:1]} refused")
            time.sleep(0.1)
