"""Which cells of the grid an area touches, and which of them it only grazes."""

from hypothesis import example, given
from hypothesis import strategies as st
from intake import domain
from intake.store.conditions import values_of
from intake.store.grid import area_of, cell_at, cells_within

SANTANDER = (43.4623, -3.8099)
LATS, LONGS = st.floats(-89, 89), st.floats(-179, 179)
SIDES = ("south", "west", "north", "east")


def area(**given):
    return area_of(values_of(domain.Search(jurisdiction_id="santander.es", **given)))


@given(LATS, LONGS, st.floats(0, 4_000))
@example(*SANTANDER, 0.0)
@example(-33.865, -179.999, 50.0)
def test_a_circle_looks_through_every_cell_it_touches_once(lat, long, radius):
    circle = (lat, long, radius)
    found = area(circle=circle)
    values = values_of(domain.Search(jurisdiction_id="santander.es", circle=circle))
    sides = [values.get(f"circle_{side}") for side in SIDES]

    touched = cells_within(*sides) if None not in sides else []
    assert sorted((*found.cells, *found.edge) if found else ()) == sorted(touched)
    assert found is None or found.cells


@given(LATS, LONGS, st.floats(0, 0.05), st.floats(0, 0.05))
def test_a_box_looks_through_every_cell_it_touches_once(south, west, high, wide):
    box = (south, west, south + high, west + wide)
    found = area(box=box)

    assert sorted((*found.cells, *found.edge)) == sorted(cells_within(*box))
    assert found.cells


def test_the_cell_that_is_covered_most_comes_first_and_a_grazed_one_is_edge():
    found = area(box=(43.4601, -3.8199, 43.4702, -3.8110))
    assert found.cells == [cell_at(43.465, -3.815)]
    assert found.edge == [cell_at(43.4701, -3.815)]

    found = area(circle=(43.465, -3.8101, 250.0))
    assert found.cells == [cell_at(43.465, -3.815), cell_at(43.465, -3.805)]
    assert not found.edge


def test_a_circle_of_a_kilometre_has_its_corners_at_the_edge():
    found = area(circle=(*SANTANDER, 1_000.0))
    far = cell_at(SANTANDER[0] + 0.0089, SANTANDER[1] + 0.0123)

    assert cell_at(*SANTANDER) in found.cells
    assert far in found.edge


def test_an_area_of_too_many_cells_is_none():
    assert area(circle=(*SANTANDER, 20_000.0)) is None
    assert area(box=(43.0, -4.0, 44.0, -3.0)) is None
    assert area() is None
