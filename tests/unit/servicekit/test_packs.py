"""The shipped packs can be used."""

from pathlib import Path

import pytest
from servicekit import packs

CITIES = Path(__file__).parents[3] / "deploy" / "cities"


@pytest.mark.parametrize("folder", sorted(CITIES.glob("*/city.yaml")), ids=lambda p: p.parent.name)
def test_every_shipped_pack_can_be_used(folder):
    pack = packs.read_pack(folder.parent)

    assert pack.jurisdiction_id == folder.parent.name
    assert pack.inside(pack.city.map.lat, pack.city.map.long)
    assert pack.district_at(pack.city.map.lat, pack.city.map.long) in pack.districts
