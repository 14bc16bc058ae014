"""A pack is read whole or not at all, and what is wrong is said with its place."""

import dataclasses
import datetime as dt
import re
import shutil
import subprocess
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML
from servicekit import packs

CITIES = Path(__file__).parents[3] / "deploy" / "cities"
SHIPPED = sorted(folder.parent for folder in CITIES.glob("*/city.yaml"))
DATATYPES = {"string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"}


@pytest.fixture(scope="session")
def santander():
    return packs.read_pack(CITIES / "santander.es")


@pytest.fixture(scope="session")
def itanhaem():
    return packs.read_pack(CITIES / "itanhaem.sp.gov.br")


@pytest.fixture
def copied(tmp_path):
    """A copy of a pack that a test may break."""
    return Path(shutil.copytree(CITIES / "santander.es", tmp_path / "santander.es"))


def change(folder, file, before, after):
    path = folder / file
    words = path.read_text(encoding="utf-8")
    assert before in words, f"{file} no longer says {before}"
    path.write_text(words.replace(before, after, 1), encoding="utf-8")
    return words[: words.index(before)].count("\n") + 1


def faults_of(folder):
    with pytest.raises(packs.PackBroken) as broken:
        packs.read_pack(folder)
    return broken.value.faults


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_every_shipped_pack_can_be_used(folder):
    pack = packs.read_pack(folder)

    assert pack.jurisdiction_id == folder.name
    assert pack.inside(pack.city.map.lat, pack.city.map.long)
    assert pack.district_at(pack.city.map.lat, pack.city.map.long) in pack.districts


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_a_shipped_pack_shows_everything_a_pack_can_hold(folder):
    pack = packs.read_pack(folder)
    services = pack.services.values()
    asked = [one for one in services if one.attributes]

    assert len(services) >= 20
    assert len(asked) >= 5
    assert "urgent" in {priority.priority for one in services for priority in one.priorities}
    assert {question.datatype for one in asked for question in one.attributes} == DATATYPES
    assert {"realtime", "batch", "blackbox"} == {one.type for one in services}
    assert len(pack.departments) >= 6
    conditions = " ".join(rule.when for rule in pack.rules)
    for word in ("district", "answer(", "channel", "between(", "within(", "weekday", "words("):
        assert word in conditions


def test_all_packs_of_a_folder_are_found_by_their_jurisdiction():
    assert set(packs.read_packs(CITIES)) == {folder.name for folder in SHIPPED}


def test_a_position_lies_in_its_district(santander, itanhaem):
    assert santander.district_at(43.4713, -3.7826) == "d4"
    assert itanhaem.district_at(-24.158, -46.745) == "s1"


def test_a_position_abroad_has_no_district(santander):
    assert not santander.inside(-24.158, -46.745)
    assert santander.district_at(-24.158, -46.745) is None


def test_every_position_inside_has_a_district(santander):
    west, south, east, north = santander.boundary.box
    grid = [
        (south + (north - south) * row / 60, west + (east - west) * column / 60)
        for row in range(61)
        for column in range(61)
    ]
    inside = [position for position in grid if santander.inside(*position)]

    assert len(inside) > 500
    assert all(santander.district_at(*position) for position in inside)


def test_a_named_area_holds_its_positions(santander):
    assert santander.within("Playas del Sardinero", 43.475, -3.785)
    assert not santander.within("Playas del Sardinero", 43.462, -3.81)
    assert not santander.within("Nowhere", 43.475, -3.785)


def test_holidays_are_the_countrys_the_regions_and_the_citys_own(santander):
    names = santander.calendar.holidays_in(2026)

    assert dt.date(2026, 7, 28) in names
    assert dt.date(2026, 9, 15) in names
    assert names[dt.date(2026, 7, 25)] == "Santiago Apóstol"
    assert santander.calendar.hours_on(dt.date(2026, 7, 28)) == ()


def test_optional_days_of_brazil_are_holidays_where_the_pack_says_so(itanhaem):
    assert itanhaem.calendar.holiday(dt.date(2026, 2, 17)) == "Carnaval"
    assert itanhaem.calendar.holiday(dt.date(2026, 4, 22)) == "Aniversário de Itanhaém"
    assert itanhaem.calendar.hours_on(dt.date(2026, 4, 23)) == (
        (dt.time(8), dt.time(12)),
        (dt.time(13), dt.time(17)),
    )


def test_a_city_that_names_no_categories_of_holidays_has_its_own_alone(copied):
    change(copied, "calendar.yaml", "subdivision: CB", "subdivision: CB\ncategories: []")
    calendar = packs.read_pack(copied).calendar

    assert sorted(calendar.holidays_in(2026)) == [dt.date(2026, 7, 25), dt.date(2026, 8, 31)]


def test_a_holiday_of_one_year_is_not_one_of_the_next(copied):
    change(copied, "calendar.yaml", '{month_day: "08-31",', "{date: 2026-08-31,")
    calendar = packs.read_pack(copied).calendar

    assert calendar.holiday(dt.date(2026, 8, 31)) == "San Emeterio y San Celedonio"
    assert calendar.holiday(dt.date(2027, 8, 31)) is None


def test_the_29th_of_february_is_a_holiday_only_when_it_exists(copied):
    change(copied, "calendar.yaml", '"08-31"', '"02-29"')
    calendar = packs.read_pack(copied).calendar

    assert calendar.holiday(dt.date(2028, 2, 29)) == "San Emeterio y San Celedonio"
    assert dt.date(2027, 2, 28) not in calendar.holidays_in(2027)


@pytest.mark.parametrize(
    ("asked", "answer"),
    [("pt-BR", "praça"), ("pt", "praça"), ("pt-PT", "praça"), ("en", "square"), (None, "praça")],
)
def test_words_are_given_in_the_nearest_language(asked, answer):
    assert packs.text({"pt-BR": "praça", "en": "square"}, asked) == answer


def test_an_unknown_language_gets_the_citys_first(itanhaem):
    assert packs.text({"pt-BR": "praça", "en": "square"}, "fr") == "praça"
    assert itanhaem.words("fr").language == "pt-BR"
    assert itanhaem.words("pt").language == "pt-BR"


def test_a_mail_leaves_out_the_lines_it_has_nothing_to_say_in(santander):
    mail = (
        santander.texts["es"]
        .messages["request_moved"]
        .filled(
            {"service_request_id": "SDR-1", "state": "En curso", "words": None, "city": "Santander"}
        )
    )

    assert mail.subject == "Su aviso SDR-1: En curso"
    assert "Ahora está: En curso" in mail.body
    assert "Se encarga" not in mail.body
    assert "El servicio nos dice" not in mail.body
    assert "\n\n\n" not in mail.body


def test_a_subject_cannot_grow_a_second_header():
    message = packs.Message("About {service_name}", "x")

    filled = message.filled({"service_name": "holes\r\nBcc: all@example.org"})

    assert filled.subject == "About holes Bcc: all@example.org"


def test_words_of_a_citizen_are_never_read_as_placeholders():
    message = packs.Message("x", "{description}")

    filled = message.filled({"description": "{words} and {}", "words": "secret"})

    assert filled.body == "{words} and {}\n"


def test_a_moment_is_written_in_the_citys_time(santander):
    moment = dt.datetime(2026, 7, 1, 10, 5, tzinfo=dt.UTC)

    assert santander.texts["es"].when(moment, santander.city.zone) == "01/07/2026, 12:05"
    assert santander.city.zone == ZoneInfo("Europe/Madrid")


def test_the_schema_of_packs_is_a_schema_itself():
    path = CITIES.parents[1] / "contracts" / "city.schema.yaml"

    Draft202012Validator.check_schema(YAML(typ="safe", pure=True).load(path))


SERVICES, CITY, RULES = "services.yaml", "city.yaml", "rules.yaml"
DEPARTMENTS, CALENDAR, ES = "departments.yaml", "calendar.yaml", "texts/es.yaml"

BROKEN = [
    # file, what stands there, what is put there, what is said about it
    (CITY, "jurisdiction_id: santander.es", "jurisdiction_id: santander.com", "name of its folder"),
    (CITY, "time_zone: Europe/Madrid", "time_zone: Europe/Santander", "does not exist"),
    (CITY, "lat: 43.4647", "lat: 41.4647", "center lies outside the boundary"),
    (CITY, 'primary: "#0b4f7d"', "primary: blue", "colours.primary is 'blue'"),
    (CITY, "request_id_prefix: SDR", "request_id_prefix: sdr", "request_id_prefix is 'sdr'"),
    (CITY, "closes_as: refused", "closes_as: lost", "is 'lost', not one of resolved"),
    (
        DEPARTMENTS,
        "escalation:",
        "not_ours_limit: 99\nescalation:",
        "99 is greater than the maximum",
    ),
    (CITY, "closes_as: duplicate", "closes_as: resolved", "no outcome closes_as duplicate"),
    (CITY, "closes_as: withdrawn", "closes_as: refused", "no outcome closes_as withdrawn"),
    (SERVICES, "group: calles\n", "group: caminos\n", "there is no group caminos"),
    (SERVICES, "group: calles\n", "group: calles\n    groups: [caminos]\n", "no group caminos"),
    (
        SERVICES,
        "group: calles\n",
        "group: calles\n    offered: {district: [d9]}\n",
        "no district d9",
    ),
    (SERVICES, "group: calles\n", "group: calles\n    offered: {within: [Luna]}\n", "no area Luna"),
    (SERVICES, "group: calles\n", "group: calles\n    offered: {}\n", "offered"),
    (SERVICES, "department: vias-obras", "department: vias", "there is no department vias"),
    (SERVICES, "type: realtime", "type: realtim", "is 'realtim', not one of realtime, batch"),
    (SERVICES, "service_code: acera-rota", "service_code: bache", "already given in line"),
    (SERVICES, "unit: working_days", "unit: weeks", "is 'weeks', not one of working_hours"),
    (SERVICES, "duplicate_radius_m: 25", "duplicate_radius: 25", "is not known here"),
    (SERVICES, "datatype: number", "datatype: multivaluelist", "and has no values"),
    (SERVICES, "datatype: singlevaluelist", "datatype: string", "which has no values"),
    (SERVICES, "key: rueda", "key: plato", "key plato is already given"),
    (SERVICES, "code: PROFUNDIDAD_CM", "code: TAMANO", "code TAMANO is already given"),
    (SERVICES, ", en: Pothole}", "}", "service_name is missing in en"),
    (SERVICES, ", en: Pothole}", ", en: Pothole, fr: Trou}", "given in fr, which city.yaml"),
    (SERVICES, "      en: [pothole, asphalt, hole, road]\n", "", "keywords is missing in en"),
    (SERVICES, '"2026-11-22T00:00:00Z"', "second", "version is 'second', not a date-time"),
    (SERVICES, "variable: false", "variable: false\n        required: true", "only informs"),
    (SERVICES, "priority: urgent", "priority: panic", "is 'panic', not one of low, high, urgent"),
    (SERVICES, "priority: urgent", "priority: normal", "is 'normal', not one of low, high"),
    (SERVICES, "{ABIERTO: [si]}", "{CERRADO: [si]}", "there is no attribute CERRADO"),
    (SERVICES, "{ABIERTO: [si]}", "{ABIERTO: [talvez]}", "there is no answer to ABIERTO talvez"),
    (DEPARTMENTS, "    triage: true\n", "", "no department has triage"),
    (DEPARTMENTS, "jefatura.vias@santander.example}", "x@y.example}\n    triage: true", "a second"),
    (DEPARTMENTS, "department: alumbrado", "department: vias-obras", "is already given in line"),
    (DEPARTMENTS, "to: ombudsman", "to: mayor", "is 'mayor', not one of department_head"),
    (DEPARTMENTS, "by_mail: true", "by_mail: post", "by_mail"),
    (DEPARTMENTS, "party: demarcacion-costas", "party: distribuidora-electrica", "already given"),
    (DEPARTMENTS, "costas@estado.example", "costas", "email"),
    (DEPARTMENTS, ", en: State Coastal Authority}", "}", "name is missing in en"),
    (DEPARTMENTS, "party_days: 14", "party_days: 0", "party_days"),
    (RULES, '"tapa-registro"', '"tapa"', "there is no service_code tapa"),
    (RULES, '== "si"', '== "quiza"', "there is no answer to ABIERTO quiza"),
    (RULES, 'answer("ABIERTO")', 'answer("COLOR")', "of this rule has an attribute COLOR"),
    (RULES, 'answer("ABIERTO")', 'number("ABIERTO")', "number and"),
    (RULES, 'answer("ABIERTO") == "si"', 'number("ABIERTO") > 1', "singlevaluelist, not a number"),
    (RULES, 'within("Puerto de Santander")', 'within("Puerto")', "there is no area Puerto"),
    (RULES, '"d8"', '"d9"', "there is no district d9; there are: d1, d2"),
    (RULES, 'group == "alumbrado"', 'group == "alumbrad"', "did you mean alumbrado?"),
    (RULES, '== "mail"', '== "letter"', "there is no channel letter; there are: app, counter"),
    (RULES, '"22:00"', '"22:60"', "is no time of day"),
    (RULES, '"22:00", "07:00"', '"22:00", "22:00"', "is no time at all"),
    (RULES, '"chispa*"', '"chis*pa"', "may stand at the end only"),
    (RULES, '"chispa*"', '"…"', "has no letter and no digit"),
    (RULES, "!working_hours", "!month", "month is a number, not true or false"),
    (RULES, "&& district", "and district", "'and' stands here"),
    (RULES, 'within("Puerto de Santander")', "true", "so it never decides"),
    (
        RULES,
        'service_code == "jardin-descuidado"',
        'group == "agua" && group == "parques"',
        "no service",
    ),
    (RULES, 'within("Puerto de Santander")', "{within: Puerto}", "must be a text or true or false"),
    (RULES, 'within("Puerto de Santander")', "!located", "put the whole text in quotes"),
    (RULES, "department: playas", "department: playa", "there is no department playa"),
    (RULES, "rule: puerto", "rule: hueco-abierto", "is already given in line"),
    (RULES, "warning_at: 0.75", "warning_at: 75", "warning_at"),
    (CALENDAR, "country: ES", "country: XX", "not known to the package holidays"),
    (CALENDAR, "subdivision: CB", "subdivision: QQ", "subdivision QQ of ES is not known"),
    (CALENDAR, "subdivision: CB", "subdivision: CB\ncategories: [pagan]", "no category pagan"),
    (CALENDAR, 'monday: ["08:00-15:00"]', 'monday: ["15:00-08:00"]', "ends before it begins"),
    (CALENDAR, '["08:00-15:00"]', '["08:00-12:00", "11:00-15:00"]', "begins before the hours"),
    (CALENDAR, '"07-25"', '"02-30"', "02-30 is no day of the year"),
    (CALENDAR, 'month_day: "07-25", ', "", "needs a date or a month_day"),
    (CALENDAR, "  monday:", "  lunes:", "lunes"),
    (ES, "{follow_url}", "{url}", "there is no placeholder url"),
    (ES, "{follow_url}", "{follow_url", "braces must stand in pairs"),
    (ES, "{follow_url}", "{follow_url!r}", "may hold a name only"),
    (ES, "  request_moved:", "  request_gone:", "the message request_moved is missing"),
    (ES, "  waiting: En espera\n", "", "the state waiting has no name"),
    ("logo.svg", "<circle", "<script/><circle", "a logo may not hold <script"),
]


@pytest.mark.parametrize(
    ("file", "before", "after", "reason"),
    BROKEN,
    ids=[f"{row[0]}: {row[3]}" for row in BROKEN],
)
def test_a_fault_names_its_file_and_reason(copied, file, before, after, reason):
    change(copied, file, before, after)

    faults = faults_of(copied)

    assert any(fault.file == file and reason in fault.reason for fault in faults), faults
    assert all(fault.line >= 1 for fault in faults)


@pytest.mark.parametrize(
    ("file", "before", "after", "reason"),
    [
        (CITY, "time_zone: Europe/Madrid", "time_zone: Europe/Santander", "does not exist"),
        (SERVICES, "department: aguas", "department: agua", "there is no department agua"),
        (SERVICES, "key: rueda", "key: plato", "key plato is already given"),
        (RULES, '"d8"', '"d9"', "there is no district d9"),
        (RULES, '== "mail"', '== "letter"', "there is no channel letter"),
        (CALENDAR, "subdivision: CB", "subdivision: QQ", "subdivision QQ"),
        (CALENDAR, '"07-25"', '"02-30"', "no day of the year"),
        (DEPARTMENTS, "to: ombudsman", "to: mayor", "is 'mayor'"),
        ("logo.svg", "<circle", "<script/><circle", "<script"),
    ],
)
def test_a_fault_names_the_very_line(copied, file, before, after, reason):
    line = change(copied, file, before, after)

    [fault] = faults_of(copied)

    assert (fault.file, fault.line) == (file, line)
    assert reason in fault.reason


def test_all_faults_are_told_at_once(copied):
    change(copied, CITY, "time_zone: Europe/Madrid", "time_zone: Mars")
    change(copied, SERVICES, "type: realtime", "type: fast")
    change(copied, RULES, '"d8"', '"d9"')
    change(copied, CALENDAR, '"07-25"', '"13-13"')
    change(copied, ES, "{follow_url}", "{url}")
    (copied / "texts" / "en.yaml").unlink()

    assert {fault.file for fault in faults_of(copied)} == {
        CITY,
        SERVICES,
        RULES,
        CALENDAR,
        ES,
        "texts/en.yaml",
    }


@pytest.mark.parametrize("file", [CITY, SERVICES, RULES, ES, "districts.geojson", "logo.svg"])
def test_a_missing_file_is_a_fault(copied, file):
    (copied / file).unlink()

    assert packs.Fault(file, 1, "this file is missing") in faults_of(copied)


def test_what_is_not_yaml_is_told_with_its_line(copied):
    line = change(copied, CITY, "languages: [es, en]", "languages: [es, en")

    [fault] = [fault for fault in faults_of(copied) if fault.file == CITY]

    assert "this is not YAML" in fault.reason
    assert line <= fault.line <= line + 1


def test_a_key_that_stands_twice_is_a_fault(copied):
    change(copied, CITY, "time_zone: Europe/Madrid", "time_zone: UTC\ntime_zone: Europe/Madrid")

    [fault] = faults_of(copied)

    assert fault.reason == "time_zone stands here twice"


def test_a_language_without_a_listing_is_a_fault(copied):
    shutil.copy(copied / "texts" / "en.yaml", copied / "texts" / "fr.yaml")

    [fault] = faults_of(copied)

    assert str(fault) == "texts/fr.yaml:1: city.yaml does not list the language fr"


BOW = "[[[-3.80, 43.46], [-3.79, 43.47], [-3.79, 43.46], [-3.80, 43.47], [-3.80, 43.46]]]"
FAR = "[[[10, 50], [11, 50], [11, 51], [10, 50]]]"
SWAPPED = "[[[43.46, -93.8], [43.47, -93.8], [43.47, -93.7], [43.46, -93.8]]]"


@pytest.mark.parametrize(
    ("coordinates", "reason"),
    [
        (BOW, "is not valid: Self-intersection"),
        ("[[[1, 2]]]", "make no outline"),
        (FAR, "lies outside the boundary"),
        (SWAPPED, "leaves the earth"),
    ],
)
def test_a_bad_outline_is_told_with_the_line_of_its_feature(copied, coordinates, reason):
    path = copied / "districts.geojson"
    lines = path.read_text(encoding="utf-8").split("\n")
    lines[3] = re.sub(
        r'"geometry": .*\}\}',
        f'"geometry": {{"type": "Polygon", "coordinates": {coordinates}}}}}',
        lines[3],
    )
    path.write_text("\n".join(lines), encoding="utf-8")

    [fault] = faults_of(copied)

    assert (fault.file, fault.line) == ("districts.geojson", 4)
    assert reason in fault.reason


def test_a_district_needs_a_code_and_a_name_of_its_own(copied):
    change(copied, "districts.geojson", '"district": "d2"', '"district": "d1"')
    change(copied, "districts.geojson", '"name": "Distrito 3 · Puertochico"', '"label": "x"')

    reasons = {fault.reason for fault in faults_of(copied) if fault.file == "districts.geojson"}

    assert "district d1 is already given by feature 1" in reasons
    assert "this feature has no text as its name" in reasons


def test_what_is_not_json_is_told_with_its_line(copied):
    (copied / "boundary.geojson").write_text('{"type": "FeatureCollection",\n"features": [}')

    faults = [fault for fault in faults_of(copied) if fault.file == "boundary.geojson"]

    assert [fault.line for fault in faults] == [2]
    assert "this is not JSON" in faults[0].reason


def command(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "servicekit.packs", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_praises_good_packs_and_counts_what_they_hold():
    done = command("check", *SHIPPED)

    assert done.returncode == 0
    assert "santander.es: good. " in done.stdout
    assert " services in " in done.stdout


def test_the_command_names_file_line_and_reason_and_fails(copied):
    line = change(copied, RULES, '"d8"', '"d9"')

    done = command("check", copied, CITIES / "itanhaem.sp.gov.br")

    assert done.returncode == 1
    assert f"{copied / RULES}:{line}:62: there is no district d9" in done.stderr


def test_the_command_explains_itself_when_called_wrongly():
    done = command("look")

    assert done.returncode == 2
    assert "Usage" in done.stderr


def test_a_request_that_others_call_closed_is_kept_unless_the_pack_says_otherwise(copied):
    change(copied, "city.yaml", "updates:\n  closed_by_others: keep\n", "")
    assert packs.read_pack(copied).city.updates.closed_by_others == "keep"
    change(copied, "city.yaml", "open_data:", "updates: {closed_by_others: close}\nopen_data:")
    assert packs.read_pack(copied).city.updates.closed_by_others == "close"


def test_a_service_is_offered_in_its_districts_and_areas_and_nowhere_outside_the_city(copied):
    whole = packs.read_pack(copied)
    first = next(iter(whole.services.values()))
    lat, long = whole.city.map.lat, whole.city.map.long
    mine, port = whole.district_at(lat, long), "Puerto de Santander"

    def offers(**where):
        offered = packs.Offered(**where) if where else None
        return whole.offers(dataclasses.replace(first, offered=offered), lat, long)

    assert offers()
    assert offers(district=(mine,))
    assert not offers(district=("elsewhere",))
    assert offers(within=(port,)) == whole.within(port, lat, long)
    assert offers(district=(mine,), within=(port,))
    assert not whole.offers(first, 0.0, 0.0)


@pytest.mark.parametrize(
    ("before", "after", "wrong"),
    [
        ('&& district == "d8"', '&& distrito == "d8"', "distrito"),
        ('district == "d8"', "district == 'd9'", "'d9'"),
        ('&& within("Playas del Sardinero")', '&& within("Playa")', '"Playa"'),
        ('when: within("Puerto de Santander")', "when: 'within(\"Puerto\")'", '"Puerto"'),
        ('when: within("Puerto de Santander")', 'when: "within(\\"Puerto\\")"', '"Puerto'),
        (
            'when: within("Puerto de Santander")',
            "when: |\n      located &&\n      puerto",
            "puerto",
        ),
        (
            'when: within("Puerto de Santander")',
            "when: >-\n      located   &&\n\n      (  puerto )",
            "puerto",
        ),
        (
            'when: within("Puerto de Santander")',
            "when: located   &&\n      !  puerto",
            "puerto",
        ),
    ],
)
def test_a_fault_in_a_condition_names_its_column_however_yaml_wrote_it(
    copied, before, after, wrong
):
    change(copied, RULES, before, after)
    lines = (copied / RULES).read_text(encoding="utf-8").split("\n")

    [fault] = faults_of(copied)

    assert lines[fault.line - 1][fault.column - 1 :].startswith(wrong.rstrip("\\"))


def test_a_rule_that_cannot_be_run_stops_no_service(copied):
    change(copied, RULES, '"d8"', '"d9"')
    change(copied, RULES, "department: playas", "department: playa")

    pack = packs.read_packs(copied.parent)["santander.es"]

    broken = {rule.rule: rule.broken for rule in pack.rules if rule.broken}
    assert set(broken) == {"desbroce-pueblos", "frente-litoral"}
    assert "there is no district d9" in broken["desbroce-pueblos"]
    assert len(pack.rules) == 9


def test_a_rule_without_its_parts_stops_no_service_either(copied):
    change(copied, RULES, "    department: playas\n", "")

    pack = packs.read_packs(copied.parent)["santander.es"]

    assert ["department is missing" in str(rule.broken) for rule in pack.rules].count(True) == 1


def test_a_file_of_rules_that_is_none_stops_a_service(copied):
    change(copied, RULES, "rules:", "rulez:")

    with pytest.raises(packs.PackBroken):
        packs.read_packs(copied.parent)


def test_rules_have_the_version_of_their_file(copied):
    before = packs.read_pack(copied).rules.version
    change(copied, RULES, "# In order", "# In this order")

    assert re.fullmatch("[0-9a-f]{12}", before)
    assert packs.read_pack(copied).rules.version != before


def test_a_rule_whose_services_were_all_taken_before_is_told(copied):
    words = 'service_code in ["semaforo", "bache"]'
    change(copied, RULES, 'within("Puerto de Santander")', words)

    [fault] = faults_of(copied)

    assert "never decides" in fault.reason
    assert "semaforo" in (copied / RULES).read_text(encoding="utf-8").split("\n")[fault.line - 1]


@pytest.mark.parametrize("name", ["santander.es", "d8", "Playas del Sardinero"])
def test_every_named_outline_can_be_asked_for(santander, name):
    assert name in santander.polygons


def test_the_city_holds_its_own_centre(santander):
    center = santander.city.map

    assert santander.within("santander.es", center.lat, center.long)
    assert not santander.within("santander.es", 0.0, 0.0)
