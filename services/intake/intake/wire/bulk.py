"""GeoReport Bulk: a month of requests as CSV and GeoJSON that say nothing of a single person.

GeoReport's fields in its order, then those that Bulk adds. Positions are rounded as the pack says;
an address is shown only where positions are not. Where few reported the same thing in the same
district, nothing is left that leads to a place, to words, or to the request itself.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

import orjson
from servicekit import georeport
from servicekit.packs import OpenData

from intake.wire.rendering import DETAILED_STATUS

GEOREPORT = (
    *("service_request_id", "status", "status_notes", "service_name", "service_code"),
    *("description", "agency_responsible", "service_notice", "requested_datetime"),
    *("updated_datetime", "expected_datetime", "address", "address_id", "zipcode"),
    *("lat", "long", "media_url"),
)
ADDED = (
    *("closed_date", "status_description", "source", "service_group", "district"),
    *("department", "jurisdiction_id"),
)
BULK_COLUMNS = (*GEOREPORT, *ADDED)
EXACT_DECIMALS = 5  # about a metre: no less than an address says
_WITHHELD = (
    *("service_request_id", "status_notes", "description", "address", "address_id", "zipcode"),
    *("lat", "long", "media_url", "district"),
)
_MOMENTS = ("requested_datetime", "updated_datetime", "expected_datetime", "closed_date")
_NO_TEXT = frozenset({"lat", "long", *_MOMENTS})
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How much of each request a city shows in its files."""

    open_data: OpenData
    zone: tzinfo
    small: AbstractSet[tuple[str, str | None]]  # service_code and district

    def withholds(self, stored: Any) -> bool:
        """Whether a stored request is one of a small group."""
        return (stored.service_code, stored.district) in self.small

    def row(self, stored: Any) -> dict[str, Any]:
        """Return a stored request as a line of the file."""
        row: dict[str, Any] = orjson.loads(stored.json_fragment)
        closed = stored.closed_datetime
        row |= {
            "closed_date": georeport.write_datetime(closed) if closed else None,
            "status_description": DETAILED_STATUS[stored.state],
            "source": stored.channel,
            "service_group": stored.service_group,
            "district": stored.district,
            "department": stored.department,
            "jurisdiction_id": stored.jurisdiction_id,
        }
        if self.withholds(stored):
            return self._withheld(row)
        decimals = self.open_data.position_decimals
        if row["lat"] is not None:
            row["lat"], row["long"] = round(row["lat"], decimals), round(row["long"], decimals)
        if decimals < EXACT_DECIMALS:
            row["address"] = row["address_id"] = None
        return row

    def _withheld(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return a line of a small group: what and when, by the day; not where, not which."""
        days = {name: self._day(row[name]) for name in _MOMENTS if row[name]}
        return {**row, **dict.fromkeys(_WITHHELD), **days}

    def _day(self, moment: str) -> str:
        local = datetime.fromisoformat(moment).astimezone(self.zone)
        return georeport.write_datetime(local.replace(hour=0, minute=0, second=0))


def _lines(pieces: Iterable[Sequence[Any]], reading: Reading) -> Iterator[Sequence[dict[str, Any]]]:
    """Yield the lines of a file, some at a time.

    Those of small groups come last, in the order of what they say: their place among the others
    would tell their moment. They are few, however long the file.
    """
    withheld: list[dict[str, Any]] = []
    for piece in pieces:
        shown: list[dict[str, Any]] = []
        for stored in piece:
            (withheld if reading.withholds(stored) else shown).append(reading.row(stored))
        yield shown
    yield sorted(withheld, key=lambda row: [str(row[name]) for name in BULK_COLUMNS])


def bulk_csv(pieces: Iterable[Sequence[Any]], reading: Reading) -> Iterator[bytes]:
    """Yield a CSV file (RFC 4180, UTF-8, a header line) in which no cell is a formula."""
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(BULK_COLUMNS)
    for lines in _lines(pieces, reading):
        for row in lines:
            writer.writerow([_cell(name, row[name]) for name in BULK_COLUMNS])
        yield target.getvalue().encode()
        target.seek(0)
        target.truncate()


def _cell(name: str, value: Any) -> Any:
    """Return what stands in a cell; a text that a spreadsheet would reckon gets an apostrophe."""
    if name not in _NO_TEXT and isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value


def bulk_geojson(pieces: Iterable[Sequence[Any]], reading: Reading) -> Iterator[bytes]:
    """Yield a feature collection (RFC 7946); a request without a position has no geometry."""
    yield b'{"type":"FeatureCollection","features":['
    before = b"\n"
    for lines in _lines(pieces, reading):
        if lines:
            yield before + b",\n".join(orjson.dumps(_feature(row)) for row in lines)
            before = b",\n"
    yield b"\n]}\n"


def _feature(row: dict[str, Any]) -> dict[str, Any]:
    known = row["lat"] is not None
    point = {"type": "Point", "coordinates": [row["long"], row["lat"]]} if known else None
    values = {name: row[name] for name in BULK_COLUMNS if name not in {"lat", "long"}}
    return {"type": "Feature", "geometry": point, "properties": values}


def bulk_index(months: Iterable[datetime], root: str, jurisdiction_id: str) -> list[dict[str, Any]]:
    """Return the months that have a file, and where it is."""
    return [
        {
            "month": name,
            **{
                kind: f"{root}/bulk/{name}.{kind}?jurisdiction_id={jurisdiction_id}"
                for kind in ("csv", "geojson")
            },
        }
        for name in (f"{month:%Y-%m}" for month in months)
    ]
