"""Rules: what they look at, the first that matches, and those that cannot be run."""

import unicodedata
from dataclasses import replace
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
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
        "answers": {
            "SIZE": ("big", "deep"),
            "DEPTH": ("12,5",),
            "NOTE": ("none",),
            "HUGE": ("1e400",),
        },
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
        ('number("HUGE") > 0', False),
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


def test_service_group_and_what_the_rules_looked_at_are_kept_and_nothing_else():
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
        "service_code": "hole",
        "group": "streets",
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


@pytest.mark.parametrize(
    ("code", "group", "asked"),
    [
        ("hole", "streets", ["hole", "streets", "any", "broken"]),
        ("lamp", "lights", ["any", "broken"]),
        ("hole", "moved", ["hole", "lamp", "streets", "any", "broken"]),
        ("gone", "streets", ["hole", "lamp", "streets", "any", "broken"]),
    ],
)
def test_only_rules_that_may_hold_for_a_service_are_asked(city, code, group, asked):
    groups = {"hole": "streets", "lamp": "lights"}
    rules = [
        rule_of(packs.Rule(name, when, "x", "x", broken), groups)
        for name, when, broken in (
            ("hole", 'service_code == "hole" && holiday', None),
            ("lamp", 'service_code == "lamp" && group == "streets"', None),
            ("streets", 'group in ["streets"]', None),
            ("any", "holiday", None),
            ("broken", "", "it is"),
        )
    ]
    services = {one: replace(city.services["hole"], group=groups[one]) for one in groups}
    there = replace(city, rules=Rules(version="7", rules=rules), services=services)

    assert [one.rule for one in there.rules_about(code, group).rules] == asked


WORDS = ["a", "agua", "águas", "el", "¡EL", "gas", "gas.", "olor", "Olor-a", "de", "2ª"]


phrases = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
sought = st.builds("{}{}".format, phrases, st.sampled_from(["", "*"]))


@given(
    text=st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join),
    wanted=st.lists(sought, min_size=1, max_size=3),
)
def test_words_are_found_like_somebody_who_reads_word_by_word(text, wanted):
    asked = ", ".join(f'"{one}"' for one in wanted)

    found = rule(f"words({asked})").matches(facts(words=text))

    assert found is any(reads(plain(text), plain(one), one.endswith("*")) for one in wanted)


def plain(text):
    letters = unicodedata.normalize("NFKD", text.lower())
    bare = "".join(one for one in letters if not unicodedata.combining(one))
    return "".join(one if one.isalnum() else " " for one in bare).split()


def reads(words, wanted, open_end):
    for start in range(len(words)):
        there = words[start : start + len(wanted)]
        if len(there) == len(wanted) and there[:-1] == wanted[:-1]:
            last = there[-1]
            if last == wanted[-1] or (open_end and last.startswith(wanted[-1])):
                return True
    return False


times = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))


@given(begins=times, ends=times, local=st.datetimes())
def test_a_time_of_day_lies_between_two_when_the_hand_passes_it(begins, ends, local):
    if begins == ends:
        return
    minutes = []
    minute = minutes_of(begins)
    while minute != minutes_of(ends):
        minutes.append(minute)
        minute = (minute + 1) % 1440

    found = rule(f'between("{begins}", "{ends}")').matches(facts(local=local))

    assert found is (local.hour * 60 + local.minute in minutes)


def minutes_of(text):
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
