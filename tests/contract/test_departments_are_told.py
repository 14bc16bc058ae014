"""What departments hear and say on the log stands in docs/departments.md, all of it."""

from pathlib import Path

import pytest
from servicekit.contracts import Contracts

TREE = Path(__file__).resolve().parents[2]
DOCS = (TREE / "docs" / "departments.md").read_text(encoding="utf-8")
contracts = Contracts.load(TREE / "contracts")


@pytest.mark.parametrize("type_", sorted(contracts.channels["routed"].types))
def test_every_type_of_a_department_s_topic_is_explained(type_):
    assert f"`{type_}`" in DOCS


@pytest.mark.parametrize("move", contracts.schemas["common.v1.json"]["$defs"]["move"]["enum"])
def test_every_move_that_a_department_s_system_may_make_is_explained(move):
    assert f"| `{move}` |" in DOCS
