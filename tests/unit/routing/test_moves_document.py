"""docs/moves.md says of every move what the table says."""

from pathlib import Path

import pytest
from routing.domain import MOVES, ROLES, STATES
from routing.domain.moves import AT_WORK

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "moves.md"


def rows():
    """Return the rows of the document's table by the move they begin with."""
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    return {line.split("`")[1]: line for line in lines if line.startswith("| `")}


def row(move):
    """Return the row that belongs into the document."""
    known = ", ".join(state for state in STATES if state in move.sources)
    cells = [
        f"`{move.name}`",
        "at work" if move.sources == AT_WORK else known,
        move.target or "as it was",
        ", ".join(role for role in ROLES if role in move.who),
        ", ".join(f"`{name}`" for name in sorted(move.needs)) or "none",
        "yes" if move.answers else "no",
    ]
    return f"| {' | '.join(cells)} |"


@pytest.mark.parametrize("name", MOVES)
def test_the_document_has_each_move_as_the_table_has_it(name):
    assert rows().get(name) == row(MOVES[name])


def test_the_document_has_no_move_that_is_not_in_the_table_and_the_same_order():
    assert list(rows()) == list(MOVES)
