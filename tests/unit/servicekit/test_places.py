"""What is remembered of the ground around a position never changes which district holds it."""

import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from servicekit.packs import Place, Places

# Two districts that share a border, with a lake cut out of the first, and one on top of both.
WEST = shapely.Polygon(
    [(0, 0), (0.01, 0), (0.0113, 0.0051), (0.01, 0.01), (0, 0.01)],
    [[(0.002, 0.002), (0.0041, 0.002), (0.003, 0.0043)]],
)
EAST = shapely.Polygon([(0.01, 0), (0.02, 0), (0.02, 0.01), (0.01, 0.01), (0.0113, 0.0051)])
OVER = shapely.box(0.0042, 0.0048, 0.0182, 0.0099)
OUTLINES = {
    code: Place(code, code, shape)
    for code, shape in (("west", WEST), ("east", EAST), ("over", OVER))
}
KNOWING = Places(OUTLINES)
degrees = st.floats(-0.002, 0.022) | st.sampled_from(
    [edge + push for edge in (0.0, 0.01, 0.0113, 0.0042, 0.02) for push in (-1e-12, 0.0, 1e-12)]
)


def asked_anew(lat, long):
    point = shapely.Point(long, lat)
    return next((code for code, place in OUTLINES.items() if place.shape.intersects(point)), None)


@settings(max_examples=500)
@given(lat=degrees, long=degrees)
def test_a_position_is_held_by_the_first_outline_it_touches(lat, long):
    assert KNOWING.first_at(lat, long) == asked_anew(lat, long)
    assert KNOWING.first_at(lat, long) == asked_anew(lat, long)
