"""A condition that was let pass cannot fail: made-up conditions, made-up reports, Santander."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from routing.cities import city_of, rule_of
from routing.domain import Rules, choose_department
from routing.wire import facts_of
from servicekit import packs
from servicekit.packs import rulebook
from servicekit.packs.reading import Faults, read_yaml

SANTANDER = Path(__file__).resolve().parents[3] / "deploy" / "cities" / "santander.es"
PACK = packs.read_pack(SANTANDER)
CITY = city_of(PACK)
QUESTIONS = {
    question.code: question for service in PACK.services.values() for question in service.attributes
}
LISTED = sorted(code for code, one in QUESTIONS.items() if one.values)
NUMBERS = sorted(code for code, one in QUESTIONS.items() if one.datatype == "number")
KNOWN = rulebook.Known(
    services=[
        {
            "service_code": one.service_code,
            "group": one.group,
            "attributes": [
                {
                    "code": question.code,
                    "datatype": question.datatype,
                    "values": [{"key": value.key} for value in question.values],
                }
                for question in one.attributes
            ],
        }
        for one in PACK.services.values()
    ],
    groups=list(PACK.groups),
    departments=list(PACK.departments),
    districts=list(PACK.districts.by_code),
    polygons=list(PACK.polygons),
)


def written(text):
    return json.dumps(text, ensure_ascii=False)


def quoted(texts):
    return st.sampled_from(sorted(texts)).map(written)


def listed(texts):
    return st.lists(quoted(texts), min_size=1, max_size=3).map(lambda many: f"[{', '.join(many)}]")


def answers(code):
    keys = [value.key for value in QUESTIONS[code].values]
    return st.sampled_from([f"{written(key)} in answers({written(code)})" for key in keys])


comparisons = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
numbers = st.one_of(st.integers(-5, 40), st.sampled_from(["1.5", "0.25"])).map(str)
texts = {
    "service_code": PACK.services,
    "group": PACK.groups,
    "district": [*PACK.districts.by_code, ""],
    "channel": ["web", "app", "phone", "mail"],
    "weekday": ["monday", "sunday"],
}
atoms = st.one_of(
    *(st.builds("{} == {}".format, st.just(name), quoted(known)) for name, known in texts.items()),
    *(st.builds("{} in {}".format, st.just(name), listed(known)) for name, known in texts.items()),
    st.builds("month {} {}".format, comparisons, st.integers(1, 12)),
    st.builds("number({}) {} {}".format, quoted(NUMBERS), comparisons, numbers),
    st.builds("within({})".format, quoted(PACK.polygons)),
    st.builds("words({})".format, quoted(["agua", "olor a gas", "farol*", "Ñu"])),
    st.sampled_from(LISTED).flatmap(answers),
    st.sampled_from(
        ['between("22:00", "07:00")', "holiday", "working_hours", "located", "true", "false"]
    ),
)


def grouped(inner):
    many = st.lists(inner, min_size=2, max_size=3)
    return st.one_of(
        st.builds("!({})".format, inner),
        many.map(" && ".join).map("({})".format),
        many.map(" || ".join).map("({})".format),
    )


conditions = st.recursive(atoms, grouped, max_leaves=8)
reports = st.fixed_dictionaries(
    {
        "service_code": st.sampled_from([*PACK.services, "gone"]),
        "service_group": st.sampled_from([*PACK.groups, ""]),
        "description": st.one_of(st.none(), st.text(max_size=80)),
        "district": st.one_of(st.none(), st.sampled_from(["d1", "x9"])),
        "lat": st.one_of(st.none(), st.floats(43.3, 43.6), st.just(90.0)),
        "long": st.one_of(st.none(), st.floats(-3.9, -3.7), st.just(-180.0)),
        "channel": st.sampled_from(["web", "import", "phone"]),
        "attributes": st.lists(
            st.fixed_dictionaries(
                {
                    "code": st.sampled_from([*QUESTIONS, "X"]),
                    "values": st.lists(
                        st.one_of(st.text(max_size=5), st.just("1e400")), max_size=3
                    ),
                }
            ),
            max_size=4,
        ),
        "requested_datetime": st.datetimes(datetime(2015, 1, 1), datetime(2040, 1, 1)).map(  # noqa: DTZ001 - an offset follows
            lambda moment: f"{moment:%Y-%m-%dT%H:%M:%S}Z"
        ),
    }
)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Return a function: what is wrong with a rule of some condition."""
    path = tmp_path_factory.mktemp("rules") / "rules.yaml"

    def check(when):
        rule = {"rule": "x", "when": when, "department": "playas", "because": "x"}
        path.write_text(json.dumps({"warning_at": 0.5, "rules": [rule]}), encoding="utf-8")
        faults = Faults()
        rulebook.check(read_yaml(path, "rules.yaml", faults), KNOWN, faults)
        return faults.found

    return check


@given(when=conditions, report=reports)
def test_a_condition_that_was_let_pass_holds_or_not_for_every_report(found, when, report):
    wrong = [fault for fault in found(when) if "never decides" not in fault.reason]
    rule = rule_of(packs.Rule("x", when, "playas", "x"))
    rules = Rules(version="1", rules=(rule,))

    said = choose_department(facts_of(report, CITY), rules, None, "triage")
    again = choose_department(facts_of(report, CITY), rules, None, "triage")

    if not wrong:
        assert said.skipped == ()
        assert said.department in ("playas", "triage")
        assert json.loads(json.dumps(said.inputs, allow_nan=False)) == said.inputs
    assert said == again


@given(when=st.one_of(st.text(max_size=40), conditions.map(lambda text: text.replace('"', "'", 1))))
def test_whatever_stands_as_a_condition_is_let_pass_or_named_with_its_place(found, when):
    for fault in found(when):
        assert fault.rule == 0
        assert fault.line == 1
        assert fault.reason


def test_a_day_is_a_day_of_the_city(found):
    """A quarter of an hour around local midnight, on both sides of a change of clocks."""
    when = 'weekday == "sunday" && between("00:00", "00:15")'
    assert found(when) == []
    rule = rule_of(packs.Rule("x", when, "playas", "x"))
    base = dict.fromkeys(("description", "district", "lat", "long"))
    base |= {"service_code": "bache", "service_group": "calles", "channel": "web", "attributes": []}

    held = []
    for minutes in range(-60 * 24 * 9, 60 * 24 * 7, 5):
        moment = datetime.fromisoformat("2026-10-26T00:00:00Z") + timedelta(minutes=minutes)
        if rule.matches(facts_of({**base, "requested_datetime": moment.isoformat()}, CITY)):
            held.append(moment.strftime("%d %H:%M"))

    assert held == [
        *("17 22:00", "17 22:05", "17 22:10", "24 22:00", "24 22:05", "24 22:10"),
        *("31 23:00", "31 23:05", "31 23:10"),
    ]
