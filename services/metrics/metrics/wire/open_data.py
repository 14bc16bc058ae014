"""Open data as CSV and GeoJSON."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from metrics import domain


def open_csv(rows: Sequence[domain.OpenRow], names: domain.Names) -> bytes:
    """Return the rows as CSV (RFC 4180, UTF-8, a header line)."""
    target = io.StringIO()
    writer = csv.DictWriter(target, [*domain.OPEN_COLUMNS, "service_name", "district_name"])
    writer.writeheader()
    writer.writerows(_plain(row, names) for row in rows)
    return target.getvalue().encode()


def open_geojson(rows: Sequence[domain.OpenRow], names: domain.Names) -> dict[str, Any]:
    """Return the rows as features (RFC 7946); one without a position has no geometry."""
    return {"type": "FeatureCollection", "features": [_feature(row, names) for row in rows]}


def _feature(row: domain.OpenRow, names: domain.Names) -> dict[str, Any]:
    known = row.lat is not None and row.long is not None
    point = {"type": "Point", "coordinates": [row.long, row.lat]} if known else None
    values = _plain(row, names)
    properties = {key: value for key, value in values.items() if key not in {"lat", "long"}}
    return {"type": "Feature", "geometry": point, "properties": properties}


def _plain(row: domain.OpenRow, names: domain.Names) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in domain.OPEN_COLUMNS},
        "service_name": names.of({"service_code": row.service_code}),
        "district_name": names.of({"district": row.district}),
    }
