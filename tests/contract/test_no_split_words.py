"""A comma in an unquoted text of a YAML flow mapping splits it into two keys, unnoticed."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

CONTRACTS = Path(__file__).parents[2] / "contracts"


def split(value, where=""):
    if isinstance(value, dict):
        for key, below in value.items():
            if below is None and " " in str(key):
                yield f"{where}/{key}"
            yield from split(below, f"{where}/{key}")
    elif isinstance(value, list):
        for place, below in enumerate(value):
            yield from split(below, f"{where}/{place}")


@pytest.mark.parametrize("path", sorted(CONTRACTS.rglob("*.yaml")), ids=lambda path: path.name)
def test_no_text_was_split_at_its_comma(path):
    assert list(split(YAML(typ="safe").load(path))) == []
