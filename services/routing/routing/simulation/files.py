"""Reports of the past out of a file: CSV in the columns of docs/replay-format.md, or JSON lines."""

import csv
import gzip
import io
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final, cast

import orjson
from servicekit.errors import BadInput

from routing import wire
from routing.domain import FIRST_ANSWER, SOLUTION, City
from routing.simulation.trial import Past, Run

CHANNELS: Final = ("web", "app", "phone", "counter", "mail", "desk", "import")
_GZIP: Final = b"\x1f\x8b"
_LONGEST_FIELD: Final = 1_000_000


def read_file(
    path: Path, city: City, services: Mapping[str, str], unreadable: Counter[str]
) -> Iterator[Past]:
    """Yield the reports of a file, one after the other; what is none is counted by its reason.

    ``services`` gives the service for a category of the file, by its code or its name. Raises
    BadInput when the file itself cannot be read.
    """
    names = path.name.removesuffix(".gz")
    lines: Iterator[Mapping[str, Any] | str]
    with _opened(path) as file:
        lines = _lines(file) if names.endswith((".jsonl", ".ndjson")) else _csv_rows(file)
        for line in lines:
            try:
                yield _past(_row(line), city, services)
            except BadInput as refusal:
                unreadable[refusal.description[:80]] += 1


@contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == _GZIP
            raw.seek(0)
            plain = cast("IO[bytes]", gzip.GzipFile(fileobj=raw) if packed else raw)
            yield io.TextIOWrapper(plain, encoding="utf-8-sig", newline="")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{path} cannot be read: {error}") from error


def _csv_rows(file: IO[str]) -> Iterator[Mapping[str, Any]]:
    csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.DictReader(file)
    if "requested_datetime" not in (reader.fieldnames or ()):
        raise BadInput("the file lacks the column requested_datetime (docs/replay-format.md)")
    for row in reader:
        yield {name: text for name, text in row.items() if name is not None and text}


def _lines(file: IO[str]) -> Iterator[str]:
    return (line for line in file if line.strip())


def _row(line: Mapping[str, Any] | str) -> Mapping[str, Any]:
    """Return a row as a mapping; raises BadInput for a line that is no JSON object."""
    try:
        row: Any = orjson.loads(line) if isinstance(line, str) else line
    except orjson.JSONDecodeError as error:
        raise BadInput("a line is no JSON") from error
    if not isinstance(row, dict):
        raise BadInput("a line holds no report")
    return row


def _past(row: Mapping[str, Any], city: City, services: Mapping[str, str]) -> Past:
    names = [str(row.get(name) or "") for name in ("service_code", "service_name")]
    code = next((services[name] for name in names if name in services), names[0])
    service = city.services.get(code)
    requested = _when(row.get("requested_datetime"), city)
    if requested is None:
        raise BadInput("no requested_datetime")
    lat, long = _degrees(row.get("lat")), _degrees(row.get("long"))
    channel = row.get("channel")
    report = {
        "service_request_id": row.get("service_request_id") or row.get("request_id"),
        "service_code": code,
        "service_group": service.group if service else "",
        "description": row.get("description"),
        "district": None,
        "lat": lat if long is not None else None,
        "long": long if lat is not None else None,
        "channel": channel if channel in CHANNELS else "import",
        "attributes": row.get("attributes") or [],
        "requested_datetime": wire.moment(requested),
    }
    ended = _when(row.get("closed_datetime"), city)
    answered = _when(row.get("first_answered_datetime"), city)
    runs = [Run(kind=SOLUTION, started=requested, stopped=ended)]
    if answered:
        runs.insert(0, Run(kind=FIRST_ANSWER, started=requested, stopped=answered))
    return Past(report=report, runs=tuple(runs))


def _when(text: Any, city: City) -> datetime | None:
    """Read a moment, one without an offset as the city's own; raises BadInput when it is none."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise BadInput("a date-time cannot be read") from error
    return found if found.tzinfo else found.replace(tzinfo=city.pace.calendar.zone)


def _degrees(text: Any) -> float | None:
    try:
        found = float(text)
    except (TypeError, ValueError):
        return None
    return found if -180 <= found <= 180 else None  # noqa: PLR2004 - the whole earth
