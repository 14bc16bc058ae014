"""Rules: what they look at, the first that matches, and those that cannot be run."""

from datetime import date, datetime

import pytest
from routing.cities import rule_of
from routing.domain import Facts, Ground, Reported, Rules, choose_department, judged
from servicekit import expressions, packs
from servicekit.packs.rulebook import Known, vocabulary

SATURDAY_NIGHT = datetime(2026, 11, 21, 23, 30)  # noqa: DTZ001 - rules look at local time
HERE = (43.46, -3.81)
QUOTED = '"1"'
TYPES = {"text": str, "number": int | float, "truth": bool, "list of texts": tuple}


def ground(**changes):
    given = {
        "within": lambda name, lat, long: name == "Port" and (lat, long) == HERE,
        "district_at": lambda _lat, _long: "d7",
        "holiday": {date(2026, 12, 25): "Navidad"}.get,
        "hours_on": lambda day: ((480, 900),) if day.weekday() < 5 else (),
    }
    return Ground(**(given | changes))


def facts(**changes):
    given = {
        "service_code": "hole",
        "group": "streets",
        "district": "d1",
        "position": HERE,
        "channel": "web",
        "local": SATURDAY_NIGHT,
        "words": "A deep hole. ¡INUNDACIÓN! It smells of gas",
        "answers": {"SIZE": ("big", "deep"), "DEPTH": ("12,5",), "NOTE": ("none",)},
        "ground": ground(),
    }
    return Facts(Reported(**(given | changes)))


def rule(when="true", name="one", department="roads", broken=None):
    return rule_of(
        packs.Rule(rule=name, when=when, department=department, because="so it is", broken=broken)
    )


@pytest.mark.parametrize(
    ("when", "matches"),
    [
        ('service_code == "hole"', True),
        ('service_code in ["lamp", "tree"]', False),
        ('group != "parks"', True),
        ('district == "d1"', True),
        ('district == ""', False),
        ('within("Port")', True),
        ('within("Beach")', False),
        ("located", True),
        ('channel in ["phone", "counter"]', False),
        ('weekday == "saturday"', True),
        ("month == 11", True),
        ("holiday || working_hours", False),
        ('between("22:00", "07:00")', True),
        ('between("23:30", "23:31")', True),
        ('between("20:00", "23:30")', False),
        ('between("00:00", "07:00")', False),
        ('answer("SIZE") == "big"', True),
        ('answer("COLOUR") == ""', True),
        ('"deep" in answers("SIZE")', True),
        ('"red" in answers("COLOUR")', False),
        ('number("DEPTH") > 12', True),
        ('number("NOTE") > 0 || number("NOTE") <= 0', False),
        ('number("COLOUR") != 0', True),
        ('words("hole")', True),
        ('words("hol")', False),
        ('words("hol*")', True),
        ('words("inundacion")', True),
        ('words("Smells of Gas")', True),
        ('words("smells gas")', False),
        ('words("fire", "gas")', True),
    ],
)
def test_a_condition_looks_at_what_its_words_say(when, matches):
    assert rule(when).matches(facts()) is matches


def test_a_report_without_a_place_lies_nowhere():
    lost = facts(position=None, district=None)

    assert rule('!located && !within("Port") && district == ""').matches(lost)


def test_a_district_that_intake_did_not_name_is_looked_up():
    assert rule('district == "d7"').matches(facts(district=None))


@pytest.mark.parametrize(
    ("local", "when"),
    [
        (datetime(2026, 11, 23, 8, 0), "working_hours"),  # noqa: DTZ001 - local time
        (datetime(2026, 11, 23, 14, 59), "working_hours"),  # noqa: DTZ001
        (datetime(2026, 11, 23, 15, 0), "!working_hours"),  # noqa: DTZ001
        (datetime(2026, 12, 25, 10, 0), "holiday"),  # noqa: DTZ001
    ],
)
def test_the_city_s_calendar_says_when_it_works(local, when):
    assert rule(when).matches(facts(local=local))


def test_the_first_rule_that_matches_decides_and_is_recorded():
    rules = Rules(
        version="7",
        rules=(
            rule('channel == "mail"', "no"),
            rule(name="first", department="port"),
            rule(name="second", department="lights"),
        ),
    )

    found = choose_department(facts(), rules, "roads", "triage")

    assert (found.department, found.rule, found.rules_version) == ("port", "first", "7")
    assert found.because == "so it is"


def test_what_the_rules_looked_at_is_kept_and_nothing_else():
    rules = Rules(
        version="7",
        rules=(
            rule('channel == "mail" && within("Port")', "no"),
            rule('number("NOTE") > 1', "none"),
            rule('within("Port") && "big" in answers("SIZE")', "yes"),
            rule('words("gas")', "too late"),
        ),
    )

    found = choose_department(facts(), rules, "roads", "triage")

    assert found.inputs == {
        "channel": "web",
        'number("NOTE")': None,
        'within("Port")': True,
        'answers("SIZE")': ["big", "deep"],
    }


def test_a_fact_is_found_out_once():
    asked = []
    noting = ground(within=lambda name, _lat, _long: asked.append(name) is not None)
    rules = Rules(version="7", rules=(rule('within("Port")'), rule('within("Port") || located')))

    choose_department(facts(ground=noting), rules, None, "triage")

    assert asked == ["Port"]


@pytest.mark.parametrize(("own", "department"), [("roads", "roads"), (None, "triage")])
def test_without_a_rule_the_service_s_department_answers_else_triage(own, department):
    found = choose_department(facts(), Rules(version="7"), own, "triage")

    assert (found.department, found.rule) == (department, None)
    assert "no rule matched" in found.because


def test_a_rule_that_cannot_be_run_is_passed_over_and_told():
    def fall(_name, _lat, _long):
        raise RuntimeError("the outline is torn")

    rules = Rules(
        version="7",
        rules=(
            rule(name="broken", broken="rules.yaml:3:9: there is no service_code hol"),
            rule('within("Port")', "torn"),
            rule('channel == "web"', "good", "lights"),
        ),
    )

    found = choose_department(facts(ground=ground(within=fall)), rules, "roads", "triage")

    assert (found.department, found.rule) == ("lights", "good")
    assert [(one.rule, one.reason) for one in found.skipped] == [
        ("broken", "rules.yaml:3:9: there is no service_code hol"),
        ("torn", "RuntimeError: the outline is torn"),
    ]


def test_each_rule_has_its_verdict():
    rules = Rules(
        version="7",
        rules=(
            rule("false", "a"),
            rule("true", "b", broken="no"),
            rule("true", "c"),
            rule("false", "d"),
            rule("true", "e"),
        ),
    )

    assert [one.verdict for one in judged(facts(), rules)] == [
        *("does_not_match", "cannot_run", "decides", "does_not_match", "matches")
    ]


def test_every_word_of_the_language_has_a_fact_of_its_type():
    known = Known(services=None, groups=None, departments=None, districts=None, polygons=None)
    words = vocabulary(known, expressions.parse("true"))
    given = {"between": '"10:00", "11:00"'}
    calls = [f"{name}({given.get(name, QUOTED)})" for name in words.functions]

    for text in (*words.names, *calls):
        name = text.partition("(")[0]
        wanted = (words.names.get(name) or words.functions[name]).type
        assert isinstance(facts()[expressions.Asked.of(expressions.parse(text))], TYPES[wanted])
