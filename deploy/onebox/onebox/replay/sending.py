"""One client of GeoReport: keeps its connection, waits when asked to, marks what it sends.

Each report carries a ``client_request_id``, so that one whose answer got lost may be sent again:
the city answers it as the first time.
"""

import asyncio
import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlencode

import httpx

from onebox.replay.mapping import Offer
from onebox.replay.rows import Row

FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
FIRST_WAIT_S: Final = 0.25
LONGEST_WAIT_S: Final = 10.0
AGAIN: Final = frozenset((408, 425, 429, 500, 502, 503, 504))
"""Answers after which the same report is sent once more."""
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


@dataclass(frozen=True, slots=True)
class _Heard:
    """What one try brought back; status 0 means no answer."""

    status: int = 0
    reason: str = ""
    receipt: Mapping[str, Any] | None = None
    wait_s: float = 0.0


@dataclass
class Client:
    """Talks to one city's endpoint."""

    http: httpx.AsyncClient
    jurisdiction_id: str
    api_key: str
    patience_s: float = 120.0

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
        end = loop.time() + self.patience_s
        tries, wait_s = 0, FIRST_WAIT_S
        while True:
            tries += 1
            heard = await self._post(report)
            if heard.receipt is not None:
                return _accepted(report, heard, tries)
            if heard.status and heard.status not in AGAIN:
                return _ended(report, "refused", heard, tries)
            if loop.time() + wait_s > end:
                return _ended(report, "failed", heard, tries)
            await asyncio.sleep(max(wait_s, min(heard.wait_s, LONGEST_WAIT_S)))
            wait_s = min(wait_s * 2, LONGEST_WAIT_S)

    async def _post(self, report: Report) -> "_Heard":
        """Send a report once and say what came back."""
        try:
            answer = await self.http.post("requests.json", content=_body(report), headers=FORM)
        except httpx.TransportError as error:
            return _Heard(reason=_words(error))
        if answer.status_code in (OK, CREATED):
            return _Heard(answer.status_code, receipt=answer.json()[0])
        return _Heard(answer.status_code, _reason(answer), wait_s=_asked(answer))

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


def _accepted(report: Report, heard: _Heard, tries: int) -> Answer:
    receipt = heard.receipt or {}
    return Answer(
        report.request_id,
        report.service_code,
        "accepted",
        heard.status,
        service_request_id=str(receipt.get("service_request_id") or ""),
        token=str(receipt.get("token") or ""),
        tries=tries,
    )


def _ended(report: Report, kind: str, heard: _Heard, tries: int) -> Answer:
    return Answer(
        report.request_id,
        report.service_code,
        kind,
        heard.status,
        reason=heard.reason,
        tries=tries,
    )


def make_report(
    row: Row,
    offer: Offer,
    questions: Sequence[Mapping[str, Any]],
    place: tuple[float | None, float | None],
    ground: Mapping[str, str],
    run: str,
) -> Report:
    """Write a row as the form that a client would send; ground holds jurisdiction and key.

    ``run`` tells the reports of one replay from those of another.
    """
    lat, long = place
    mark = hashlib.sha256(row.request_id.encode()).hexdigest()[:32]
    pairs = [*ground.items(), ("client_request_id", f"replay-{run}-{mark}")]
    pairs.append(("service_code", offer.service_code))
    if lat is not None and long is not None:
        pairs += [("lat", repr(lat)), ("long", repr(long))]
    given = {"address_string": row.address, "zipcode": row.zipcode}
    pairs += [(name, value) for name, value in given.items() if value]
    pairs.append(("description", row.description or row.category))
    for question in questions:
        if question["required"] and question["variable"]:
            pairs.append((f"attribute[{question['code']}]", answer_to(question, row)))
    return Report(row.request_id, offer.service_code, lat, long, tuple(pairs))


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
