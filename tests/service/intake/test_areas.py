"""Areas of the map: what is found in them, however many cells of the grid they touch."""

import random
from math import asin, cos, radians, sin, sqrt

import pytest

SPREAD = """
INSERT INTO request
SELECT (jsonb_populate_record(one, jsonb_build_object(
    'service_request_id', 'T-' || n, 'token', NULL,
    'lat', 43.45 + 0.05 * random(), 'long', -3.85 + 0.06 * random(),
    'requested_datetime', one.requested_datetime - n * interval '7 minutes',
    'json_fragment', convert_to(
        replace(convert_from(json_fragment, 'UTF8'), service_request_id, 'T-' || n), 'UTF8')))).*
FROM request AS one, generate_series(1, 900) AS n
"""


@pytest.fixture
def spread(intake):
    """Return id, latitude and longitude of many requests, the newest first."""
    intake.reported()
    intake.rows("SELECT setseed(0.5)")
    intake.rows(SPREAD)
    found = intake.rows(
        "SELECT service_request_id, lat, long FROM request"
        " ORDER BY requested_datetime DESC, service_request_id DESC"
    )
    return [(row["service_request_id"], row["lat"], row["long"]) for row in found]


def metres(lat, long, other_lat, other_long):
    """Great-circle distance."""
    up, across = (radians(far - near) / 2 for far, near in ((other_lat, lat), (other_long, long)))
    chord = sin(up) ** 2 + cos(radians(lat)) * cos(radians(other_lat)) * sin(across) ** 2
    return 2 * 6_371_005 * asin(min(1.0, sqrt(chord)))


def pages(intake, size, **params):
    """Return the ids of the first three pages."""
    return [
        intake.listed(page=str(page), page_size=str(size), **params) for page in (1, 2, 3)
    ]  # fmt: skip


def cut(ids, size):
    return [ids[page * size : (page + 1) * size] for page in range(3)]


@pytest.mark.parametrize("radius", [50, 250, 700, 1_000, 2_500, 5_000])
def test_a_circle_lists_what_lies_in_it_in_order_page_by_page(intake, spread, radius):
    rng = random.Random(radius)  # noqa: S311 - nothing secret
    for size in (3, 40):
        lat, long = 43.45 + rng.random() * 0.05, -3.85 + rng.random() * 0.06
        there = [one for one, *at in spread if metres(lat, long, *at) <= radius]
        params = {"lat": str(lat), "long": str(long), "radius": str(radius)}

        assert pages(intake, size, **params) == cut(there, size)
        assert pages(intake, size, sort="created", **params) == cut(there[::-1], size)


@pytest.mark.parametrize("side", [0.0005, 0.003, 0.011, 0.03])
def test_a_box_lists_what_lies_in_it_in_order_page_by_page(intake, spread, side):
    rng = random.Random(side)  # noqa: S311 - nothing secret
    for size in (3, 40):
        south, west = 43.45 + rng.random() * 0.04, -3.85 + rng.random() * 0.05
        north, east = south + side, west + side
        there = [one for one, lat, long in spread if south <= lat <= north and west <= long <= east]
        bbox = f"{south},{west},{north},{east}"

        assert pages(intake, size, bbox=bbox) == cut(there, size)
        assert pages(intake, size, sort="created", bbox=bbox) == cut(there[::-1], size)
