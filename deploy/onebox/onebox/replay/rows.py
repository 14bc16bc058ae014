"""The file: CSV in the columns of docs/replay-format.md, plain or gzip."""

import csv
import gzip
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

NEEDED = ("request_id", "service_name")
GZIP = b"\x1f\x8b"


class WrongFile(Exception):
    """The file cannot be replayed; the text says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One report of the file. lat and long are WGS 84 degrees, both or neither."""

    line: int
    request_id: str
    lang: str
    service_code: str
    service_name: str
    service_group: str
    description: str
    requested_datetime: str
    address: str
    zipcode: str
    lat: float | None
    long: float | None

    @property
    def category(self) -> str:
        """The category as a person would write it: "group > name", or the name alone."""
        return f"{self.service_group} > {self.service_name}" if self.service_group else self.name

    @property
    def name(self) -> str:
        """The category's name, its code where it has none."""
        return self.service_name or self.service_code


def read_rows(path: Path) -> list[Row]:
    """Read the whole file; raises WrongFile when it is not there or has other columns."""
    try:
        with _open(path) as file:
            return list(_rows(csv.DictReader(file), path))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise WrongFile(f"{path} cannot be read: {error}") from error


def _open(path: Path) -> IO[str]:
    with path.open("rb") as file:
        packed = file.read(2) == GZIP
    if packed:
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open("r", encoding="utf-8-sig", newline="")


def _rows(reader: "csv.DictReader[str]", path: Path) -> Iterator[Row]:
    missing = [name for name in NEEDED if name not in (reader.fieldnames or ())]
    if missing:
        raise WrongFile(f"{path} lacks the column {', '.join(missing)} (docs/replay-format.md)")
    for cells in reader:
        lat, long = _position(cells)
        address = _first(cells, ("address", "neighbourhood", "district"))
        yield Row(
            line=reader.line_num,
            request_id=_cell(cells, "request_id") or f"line-{reader.line_num}",
            lang=_cell(cells, "lang"),
            service_code=_cell(cells, "service_code"),
            service_name=_cell(cells, "service_name"),
            service_group=_cell(cells, "service_group"),
            description=_cell(cells, "description"),
            requested_datetime=_cell(cells, "requested_datetime"),
            address=address,
            zipcode=_cell(cells, "zipcode"),
            lat=lat,
            long=long,
        )


def _cell(cells: Mapping[str, str | None], name: str) -> str:
    return (cells.get(name) or "").strip()


def _first(cells: Mapping[str, str | None], names: Sequence[str]) -> str:
    return next((found for name in names if (found := _cell(cells, name))), "")


def _position(cells: Mapping[str, str | None]) -> tuple[float | None, float | None]:
    try:
        lat, long = float(_cell(cells, "lat")), float(_cell(cells, "long"))
    except ValueError:
        return None, None
    return (lat, long) if math.isfinite(lat) and math.isfinite(long) else (None, None)
