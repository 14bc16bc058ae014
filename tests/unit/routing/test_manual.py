"""docs/routing-rules.md is true: its conditions hold as it says, its rules can be run."""

import json
import re
import shutil
from pathlib import Path

import pytest
from routing.cities import city_of, rule_of
from routing.wire import facts_of
from servicekit import expressions, packs
from servicekit.packs.rulebook import Known, vocabulary

TREE = Path(__file__).resolve().parents[3]
SANTANDER = TREE / "deploy" / "cities" / "santander.es"
TEXT = (TREE / "docs" / "routing-rules.md").read_text(encoding="utf-8")


def block(language):
    return re.search(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)[1]


EXAMPLES = [line.rsplit("//", 1) for line in block("cel").strip().split("\n")]


@pytest.fixture(scope="module")
def city():
    return city_of(packs.read_pack(SANTANDER))


@pytest.mark.parametrize(("when", "said"), EXAMPLES)
def test_an_example_of_the_manual_holds_as_it_says(city, when, said):
    given = json.loads(block("json"))
    group = city.services[given["service_code"]].group
    report = {"district": None, "service_group": group, **given}
    rule = rule_of(packs.Rule(rule="x", when=when, department="x", because="x"))

    assert rule.matches(facts_of(report, city)) is {"true": True, "false": False}[said.strip()]


def test_the_manual_s_rules_can_be_run(tmp_path):
    folder = Path(shutil.copytree(SANTANDER, tmp_path / "santander.es"))
    (folder / "rules.yaml").write_text(block("yaml"), encoding="utf-8")

    assert len(packs.read_pack(folder).rules) == 3


def test_the_manual_has_every_word_of_the_language():
    known = Known(services=None, groups=None, departments=None, districts=None, polygons=None)
    words = vocabulary(known, expressions.parse("true"))

    rows = set(re.findall(r"^\| `([a-z_]+)", TEXT, re.MULTILINE))
    assert rows >= {*words.names, *words.functions}
    limits = (expressions.LONGEST, expressions.MOST_TERMS, expressions.DEEPEST)
    assert "{:,} characters, {} terms and {} levels".format(*limits) in TEXT.replace("\n", " ")
