"""What the panel draws and says, without a database and without a browser."""

import re
from datetime import date
from pathlib import Path

import flask
import metrics.pages
import pytest
from metrics import domain
from metrics.pages import charts, view, words
from servicekit.pages import Catalogues
from servicekit.pages.words import untranslated

HERE = Path(metrics.pages.__file__).parent


def test_everything_the_panel_says_is_translated():
    assert untranslated(HERE) == set()


def test_every_placeholder_stands_in_every_translation():
    for file in HERE.glob("locales/*/LC_MESSAGES/*.po"):
        for message in re.findall(r'msgid "(.+)"\nmsgstr "(.+)"', file.read_text()):
            names = [sorted(re.findall(r"%\(\w+\)s", text)) for text in message]
            assert names[0] == names[1], message


@pytest.mark.parametrize(
    ("highest", "top"),
    [(0, 1), (1, 1), (3, 4), (7, 8), (9, 10), (11, 20), (210, 400), (1000, 1000)],
)
def test_a_chart_ends_at_a_round_number(highest, top):
    assert charts.nice_top(highest) == top


def test_bars_are_as_high_as_what_they_count_and_nothing_has_none():
    drawn = charts.columns([(4, 1), (0, 2), (1, 0)])

    assert [bar.height for bar in drawn.bars] == [100, 25]
    assert drawn.line == "M0 75H10L10 50H20L20 100H30"


def test_a_chart_of_nothing_is_empty():
    assert charts.columns([]).bars == []
    assert charts.columns([(0, 0)]).top == 1


def test_a_stack_fills_its_width_and_leaves_nothing_out():
    bars = charts.stack([("a", 3), ("b", 0), ("c", 1)])

    assert [(bar.name, bar.x, bar.width) for bar in bars] == [("a", 0, 75), ("c", 75, 25)]
    assert charts.stack([("a", 0)]) == []


@pytest.mark.parametrize(
    ("counts", "ranges"),
    [
        ([], [(0, 0)]),
        ([0, 0], [(0, 0)]),
        ([5], [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5)]),
        ([0, 3], [(0, 0), (1, 1), (2, 2), (3, 3)]),
        ([4, 54], [(1, 11), (12, 22), (23, 33), (34, 44), (45, 54)]),
    ],
)
def test_districts_fall_into_classes_of_equal_width(counts, ranges):
    assert [(one.low, one.high) for one in charts.levels(counts)] == ranges


SQUARES = {
    "features": [
        {
            "properties": {"district": code},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[x, 0], [x + 1, 0], [x + 1, 1], [x, 1], [x, 0]]],
            },
        }
        for x, code in enumerate(["west", "east"])
    ]
}


def test_a_map_has_north_up_and_labels_inside():
    drawn = charts.choropleth(SQUARES, {"west": 4})
    west, east = drawn.shapes

    assert (drawn.width, drawn.height) == (600, 300)
    assert (west.x, west.y) == (150, 150)
    assert west.path == "M0 300L300 300L300 0L0 0L0 300Z"
    assert (west.level, east.level) == (5, 0)


def test_districts_of_several_parts_are_drawn_whole():
    parts = {
        "features": [
            {
                "properties": {"district": "isles"},
                "geometry": {
                    "type": "MultiPolygon",
                    "coordinates": [f["geometry"]["coordinates"] for f in SQUARES["features"]],
                },
            }
        ]
    }

    assert charts.choropleth(parts, {}).shapes[0].path.count("M") == 2


def a_row(day, now, before):
    return domain.Row(group={"day": day}, values={"requests": now}, before={"requests": before})


@pytest.mark.parametrize(
    ("last", "count", "second"),
    [
        (date(2026, 1, 31), 31, date(2026, 1, 2)),
        (date(2026, 4, 30), 18, date(2026, 1, 5)),
        (date(2026, 12, 31), 12, date(2026, 2, 1)),
    ],
)
def test_many_days_are_shown_as_weeks_and_very_many_as_months(last, count, second):
    period = domain.Period(date(2026, 1, 1), last)
    rows = [a_row(date(2026, 1, 1), 2, 1), a_row(last, 3, 0)]
    shown = view.stretches(rows, period)

    assert len(shown) == count
    assert shown[1].first == second
    assert sum(one.now for one in shown) == 5
    assert sum(one.before for one in shown) == 1


def test_the_periods_offered_end_today_or_with_the_last_month():
    offered = {one.name: one.period for one in view.presets(date(2026, 3, 15))}

    assert offered["last_month"] == domain.Period(date(2026, 2, 1), date(2026, 2, 28))
    assert offered["month"] == domain.Period(date(2026, 3, 1), date(2026, 3, 15))
    assert offered["30"].days == 30


def test_departments_come_with_the_most_in_arrears_first():
    def answer(name, values):
        rows = [
            domain.Row(group={"department": code}, values=one, before={})
            for code, one in values.items()
        ]
        return {name: domain.Answer(figure=None, whole=None, groups=rows)}

    some = {"attended": 1, "in_progress": 0, "declined": 0}
    answers = {
        **answer("situation", {"a": {**some, "in_arrears": 0}, "b": {**some, "in_arrears": 2}}),
        **answer("attendance_time", {"a": {"solutions": 1}}),
        **answer("satisfaction", {"c": {"evaluations": 0}}),
    }
    shown = view.departments(answers, domain.Names({"department": {"a": "Parks"}}))

    assert [(line.code, line.name) for line in shown] == [("b", None), ("a", "Parks")]


@pytest.fixture
def speaking():
    """Return a function that lets words be said in a language."""
    app = flask.Flask("words")
    catalogues = Catalogues.read([HERE / "locales"])
    contexts = []

    def speak(language):
        context = app.test_request_context()
        context.push()
        contexts.append(context)
        flask.g.language, flask.g.words = language, catalogues.of(language)

    yield speak
    for context in reversed(contexts):
        context.pop()


@pytest.mark.parametrize(
    ("seconds", "language", "said"),
    [
        (None, "en", words.DASH),
        (30, "en", "0.5 minutes"),
        (1500, "en", "25 minutes"),
        (5400, "es", "1,5 horas"),
        (2 * 86400 + 43200, "pt-BR", "2,5 dias"),
        (30 * 86400, "es", "30 días"),
    ],
)
def test_lengths_of_time_are_said_as_people_say_them(speaking, seconds, language, said):
    speaking(language)

    assert words.duration(seconds) == said


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [(12, 10, "+20%"), (8, 10, f"{words.MINUS}20%"), (10, 10, "±0 %"), (5, 0, ""), (None, 5, "")],
)
def test_a_change_has_a_sign(speaking, now, before, said):
    speaking("en")

    assert words.change(now, before) == said


def test_channels_and_missing_values_have_words(speaking):
    speaking("es")

    assert words.channel("phone") == "Teléfono"
    assert words.channel("pigeon") == "pigeon"
    assert (words.rating(None), words.share(None)) == (words.DASH, words.DASH)
    assert (words.rating(3.25), words.preset("30")) == ("3,2", "Últimos 30 días")
