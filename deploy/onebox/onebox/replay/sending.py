"""One client of GeoReport: keeps its connection, waits when asked to, never sends twice blindly."""

import asyncio
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlencode

import httpx

from onebox.replay.mapping import Offer
from onebox.replay.rows import Row

FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
FIRST_WAIT_S: Final = 0.25
LONGEST_WAIT_S: Final = 10.0
CLOCK_SLACK: Final = timedelta(seconds=60)
AGAIN: Final = frozenset((408, 425, 429, 500, 502, 503, 504))
"""Answers after which the same report is sent once more."""
SURELY_NOT_KEPT: Final = frozenset((425, 429, 503))
"""Of these, the ones that say that nothing was stored."""
NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
OK, CREATED = 200, 201


class NoWay(Exception):
    """The endpoint cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Report:
    """What is sent for a row."""

    request_id: str
    service_code: str
    lat: float | None
    long: float | None
    pairs: tuple[tuple[str, str], ...]
    findable: bool
    """Whether a stored one would show up in the public list."""

    @property
    def description(self) -> str:
        """The words that are sent."""
        return dict(self.pairs).get("description", "")


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a row: accepted, refused (the city said why) or failed (nobody answered)."""

    request_id: str
    service_code: str
    kind: str
    status: int = 0
    service_request_id: str = ""
    token: str = ""
    reason: str = ""
    tries: int = 1
    found: bool = False
    """It was stored by a try whose answer got lost, and found again in the list."""
    unsure: bool = False
    """A try's answer got lost and the report cannot be looked up; it was sent once more."""


@dataclass(frozen=True, slots=True)
class _Heard:
    """What one try brought back; status 0 means no answer."""

    status: int = 0
    reason: str = ""
    receipt: Mapping[str, Any] | None = None
    perhaps_kept: bool = False
    wait_s: float = 0.0


@dataclass
class Client:
    """Talks to one city's endpoint."""

    http: httpx.AsyncClient
    jurisdiction_id: str
    api_key: str
    patience_s: float = 120.0
    claimed: set[str] = field(default_factory=set)

    async def offers(self, locale: str = "") -> list[Offer]:
        """Read the service list, in the language of the file where the city has it."""
        found = await self._read("services.json", **({"locale": locale} if locale else {}))
        return [
            Offer(
                service_code=one["service_code"],
                service_name=one["service_name"],
                group=one.get("group") or "",
                keywords=tuple(word.strip() for word in (one.get("keywords") or "").split(",")),
                description=one.get("description") or "",
                type=one["type"],
            )
            for one in found
        ]

    async def questions(self, service_code: str) -> list[Mapping[str, Any]]:
        """Read what a service asks."""
        found = await self._read(f"services/{service_code}.json")
        definition = found[0] if isinstance(found, list) else found
        return list(definition["attributes"])

    async def send(self, report: Report) -> Answer:
        """Send one report until the city has answered it, or patience is at its end."""
        loop = asyncio.get_running_loop()
        end, since = loop.time() + self.patience_s, datetime.now(UTC) - CLOCK_SLACK
        tries, unsure, wait_s = 0, False, FIRST_WAIT_S
        while True:
            tries += 1
            heard = await self._post(report)
            if heard.receipt is not None:
                return self._accepted(report, heard, tries, unsure=unsure)
            if heard.status and heard.status not in AGAIN:
                return _ended(report, "refused", heard, tries)
            if loop.time() + wait_s > end:
                return _ended(report, "failed", heard, tries)
            await asyncio.sleep(max(wait_s, min(heard.wait_s, LONGEST_WAIT_S)))
            wait_s = min(wait_s * 2, LONGEST_WAIT_S)
            if heard.perhaps_kept and (found := await self._look(report, since, end)):
                return _found_again(report, found, tries)
            unsure = unsure or (heard.perhaps_kept and not report.findable)

    async def _post(self, report: Report) -> "_Heard":
        """Send a report once and say what came back, and whether it may be stored."""
        try:
            answer = await self.http.post("requests.json", content=_body(report), headers=FORM)
        except NOT_SENT as error:
            return _Heard(reason=_words(error))
        except httpx.TransportError as error:
            return _Heard(reason=_words(error), perhaps_kept=True)
        if answer.status_code in (OK, CREATED):
            return _Heard(answer.status_code, receipt=answer.json()[0])
        return _Heard(
            answer.status_code,
            _reason(answer),
            perhaps_kept=answer.status_code in AGAIN - SURELY_NOT_KEPT,
            wait_s=_asked(answer),
        )

    def _accepted(self, report: Report, heard: "_Heard", tries: int, *, unsure: bool) -> Answer:
        receipt = heard.receipt or {}
        identity = str(receipt.get("service_request_id") or "")
        self.claimed.add(identity)
        return Answer(
            report.request_id,
            report.service_code,
            "accepted",
            heard.status,
            service_request_id=identity,
            token=str(receipt.get("token") or ""),
            tries=tries,
            unsure=unsure,
        )

    async def _look(self, report: Report, since: datetime, end: float) -> str:
        """Look in the public list for a report whose answer got lost; return its id or nothing."""
        if not report.findable:
            return ""
        loop = asyncio.get_running_loop()
        wait_s = FIRST_WAIT_S
        while loop.time() < end:
            try:
                listed = await self._read(
                    "requests.json",
                    service_code=report.service_code,
                    start_date=since.isoformat(timespec="seconds"),
                )
            except (httpx.TransportError, NoWay):
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, LONGEST_WAIT_S)
            else:
                return self._claim(report, listed)
        return ""

    def _claim(self, report: Report, listed: Sequence[Mapping[str, Any]]) -> str:
        for one in listed:
            identity = str(one["service_request_id"])
            if identity not in self.claimed and _same(report, one):
                self.claimed.add(identity)
                return identity
        return ""

    async def known(self, identities: Sequence[str]) -> bool:
        """Say whether the city still knows at least one of these requests."""
        asked = ",".join(identities)
        return bool(await self._read("requests.json", service_request_id=asked))

    async def _read(self, path: str, **asked: str) -> Any:
        try:
            answer = await self.http.get(
                path, params={"jurisdiction_id": self.jurisdiction_id, **asked}
            )
        except httpx.TransportError as error:
            raise NoWay(f"{self.http.base_url} does not answer: {_words(error)}") from error
        if answer.status_code != OK:
            raise NoWay(f"{answer.url} answers {answer.status_code}: {_reason(answer)}")
        return answer.json()


def _ended(report: Report, kind: str, heard: _Heard, tries: int) -> Answer:
    return Answer(
        report.request_id,
        report.service_code,
        kind,
        heard.status,
        reason=heard.reason,
        tries=tries,
    )


def _found_again(report: Report, identity: str, tries: int) -> Answer:
    return Answer(
        report.request_id,
        report.service_code,
        "accepted",
        CREATED,
        service_request_id=identity,
        tries=tries,
        found=True,
    )


def make_report(
    row: Row,
    offer: Offer,
    questions: Sequence[Mapping[str, Any]],
    place: tuple[float | None, float | None],
    ground: Mapping[str, str],
) -> Report:
    """Write a row as the form that a client would send; ground holds jurisdiction and key."""
    lat, long = place
    pairs = [*ground.items(), ("service_code", offer.service_code)]
    if lat is not None and long is not None:
        pairs += [("lat", repr(lat)), ("long", repr(long))]
    given = {"address_string": row.address, "zipcode": row.zipcode}
    pairs += [(name, value) for name, value in given.items() if value]
    pairs.append(("description", row.description or row.category))
    for question in questions:
        if question["required"] and question["variable"]:
            pairs.append((f"attribute[{question['code']}]", answer_to(question, row)))
    return Report(row.request_id, offer.service_code, lat, long, tuple(pairs), findable=True)


def answer_to(question: Mapping[str, Any], row: Row) -> str:
    """Answer a question of the service, which the file knows nothing about: always the same way."""
    values = question.get("values") or []
    if values:
        drawn = zlib.crc32(f"{row.request_id} {question['code']}".encode())
        return str(values[drawn % len(values)]["key"])
    answers = {
        "number": "1",
        "datetime": row.requested_datetime or datetime.now(UTC).isoformat(timespec="seconds"),
        "string": " ".join((row.description or row.name).split())[:200],
    }
    return answers.get(str(question["datatype"]), row.description or row.name)


def _body(report: Report) -> bytes:
    return urlencode(report.pairs).encode()


def _same(report: Report, listed: Mapping[str, Any]) -> bool:
    return (listed.get("description") or "").split() == report.description.split() and all(
        a == b or (a is not None and b is not None and abs(a - b) < 1e-6)  # noqa: PLR2004  0.1 m
        for a, b in ((report.lat, listed.get("lat")), (report.long, listed.get("long")))
    )


def _reason(answer: httpx.Response) -> str:
    if answer.is_success:
        return ""
    try:
        return "; ".join(str(error["description"]) for error in answer.json())
    except (ValueError, KeyError, TypeError):
        return answer.text[:200]


def _asked(answer: httpx.Response) -> float:
    """Return how long the server asks to wait, in seconds."""
    asked = answer.headers.get("retry-after", "")
    if asked.isdigit():
        return float(asked)
    try:
        return max((parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return 0.0


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")
