"""Builders of intake's values."""

from datetime import UTC, datetime

import pytest
import towns
from intake import domain
from servicekit.packs import read_packs

NOW = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)


def a_request(**changes):
    given = {
        "service_request_id": "BSP-7K3M9-QX2HT",
        "jurisdiction_id": towns.FIRST,
        "token": None,
        "service_code": "001",
        "service_name": "Bache",
        "service_group": "streets",
        "visibility": "public",
        "status": "open",
        "state": "received",
        "place": domain.Place(lat=43.4, long=-3.8),
        "description": "A deep one",
        "answers": (),
        "photos": (),
        "media_url": (),
        "language": "es",
        "channel": "app",
        "imported": False,
        "contactable": True,
        "requested_datetime": NOW,
        "updated_datetime": NOW,
        **changes,
    }
    return domain.Request(**given)


@pytest.fixture(scope="session", name="a_request")
def a_request_fixture():
    return a_request


@pytest.fixture
def now():
    return NOW


@pytest.fixture(scope="session")
def pack(tmp_path_factory):
    return read_packs(towns.build(tmp_path_factory.mktemp("cities")))[towns.FIRST]
