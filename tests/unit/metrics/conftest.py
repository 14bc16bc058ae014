from pathlib import Path

import pytest
from metrics import domain
from servicekit.contracts import read_yaml

CONTRACTS = Path(__file__).parents[3] / "contracts"


@pytest.fixture(scope="session")
def book() -> domain.Book:
    return domain.Book.read(read_yaml(CONTRACTS / "figures.yaml"))
