from pathlib import Path

import pytest
from servicekit.contracts import Contracts

CONTRACTS = Path(__file__).parents[3] / "contracts"


@pytest.fixture(scope="session")
def contracts():
    return Contracts.load(CONTRACTS)
