"""The door to a month of requests in one file."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from zoneinfo import ZoneInfo

from servicekit import georeport, web
from servicekit.packs import Pack
from servicekit.web import caching
from sqlalchemy.orm import Session, sessionmaker

from intake import actions, store, wire
from intake.api.answers import answer, city, unknown

_KINDS = {
    "csv": (wire.bulk_csv, "text/csv; charset=utf-8"),
    "geojson": (wire.bulk_geojson, "application/geo+json"),
}
_DECEMBER = 12


@dataclass(frozen=True, kw_only=True)
class Bulk:
    """GeoReport Bulk: the months, and each as CSV and GeoJSON, sent as it is read."""

    db: sessionmaker[Session]
    ground: actions.Ground
    now: Callable[[], datetime]

    def get_bulk(
        self,
        format: str,  # noqa: A002 - the contract's word
        jurisdiction_id: str | None = None,
    ) -> web.Answer:
        """List the months that have a file."""
        pack = city(self.ground, jurisdiction_id)
        with self.db.begin() as session:
            months = store.bulk_months(
                session, pack.jurisdiction_id, pack.city.time_zone, self.now()
            )
        root = f"{self.ground.public_url}/open311/v2"
        rows = wire.bulk_index(months, root, pack.jurisdiction_id)
        return answer(*georeport.encode("months", "month", rows, format))

    def get_bulk_month(
        self, month: str, kind: str, jurisdiction_id: str | None = None
    ) -> web.Answer:
        """Send a month as a file; 304 when the client has it already."""
        pack = city(self.ground, jurisdiction_id)
        bounds = _bounds(month, pack.city.zone)
        if bounds is None or bounds[0] > self.now():
            raise unknown("month", month)
        with self.db.begin() as session:
            known = store.bulk_month(session, pack.jurisdiction_id, bounds)
            smallest = pack.city.open_data.smallest_group
            small = store.small_groups(session, pack.jurisdiction_id, bounds, smallest)
        headers = {
            "Content-Disposition": f'attachment; filename="{pack.jurisdiction_id}-{month}.{kind}"',
        }
        if known.updated and bounds[1] <= self.now():
            headers["Last-Modified"] = format_datetime(known.updated.astimezone(UTC), usegmt=True)
        tag = _tag(known, pack, kind)
        if caching.known(tag):
            return caching.not_modified(tag, headers)
        headers |= {"ETag": tag, "Cache-Control": caching.REVALIDATE}
        return self._file(pack, bounds, kind, small, headers)

    def _file(
        self,
        pack: Pack,
        bounds: store.Bounds,
        kind: str,
        small: set[tuple[str, str | None]],
        headers: dict[str, str],
    ) -> web.Answer:
        written, media_type = _KINDS[kind]
        reading = wire.Reading(open_data=pack.city.open_data, zone=pack.city.zone, small=small)
        rows = store.bulk_pieces(self.db, pack.jurisdiction_id, bounds)
        return web.Answer(pieces=written(rows, reading), media_type=media_type, headers=headers)


def _bounds(month: str, zone: ZoneInfo) -> store.Bounds | None:
    """Return when a month of the city begins and ends; None when there is none of that name."""
    year, number = int(month[:4]), int(month[5:])
    try:
        first = datetime(year, number, 1, tzinfo=zone)
        end = datetime(year + number // _DECEMBER, number % _DECEMBER + 1, 1, tzinfo=zone)
        return first.astimezone(UTC), end.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _tag(known: store.Month, pack: Pack, kind: str) -> str:
    terms = pack.city.open_data
    said = (kind, known, terms.position_decimals, terms.smallest_group, wire.RENDER_VERSION)
    return caching.tag_of(repr(said).encode())
