"""A deadline explains itself: what it was reckoned from, and in whose language."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import routing
from routing.domain import Target, explain
from routing.wire import in_words
from routing.wire.deadlines import clock_explained
from servicekit.pages.words import untranslated

ONE_DAY = Target(1, "working_days")
WORDS = {
    "en": (
        "1 working day from Thu 24 Dec 2026 09:00 by calendar 2026-1 (Europe/Madrid): "
        "Mon 28 Dec 2026 15:00. Holidays that do not count: 25 Dec 2026 (Navidad). "
        "Pause from Thu 24 Dec 2026 10:00 to Thu 24 Dec 2026 11:30 (waiting for the citizen): "
        "1 h 30 min of it count. It stands still since Mon 28 Dec 2026 12:00 (nobody said for "
        "whom). All pauses together: 1 h 30 min. Due Tue 29 Dec 2026 09:30, and later by this "
        "pause."
    ),
    "es": (
        "1 día hábil desde el jue 24 dic 2026 09:00 según el calendario 2026-1 (Europe/Madrid):"
        " lun 28 dic 2026 15:00. Festivos que no cuentan: 25 dic 2026 (Navidad). Pausa del jue "
        "24 dic 2026 10:00 al jue 24 dic 2026 11:30 (a la espera de la ciudadanía): cuentan 1 h"
        " 30 min. Está parado desde el lun 28 dic 2026 12:00 (nadie dijo a quién se esperaba). "
        "Todas las pausas juntas: 1 h 30 min. Vence el mar 29 dic 2026 09:30, y más tarde lo "
        "que dure esta pausa."
    ),
    "pt-BR": (
        "1 dia útil a partir de qui. 24 dez. 2026 09:00 pelo calendário 2026-1 (Europe/Madrid):"
        " seg. 28 dez. 2026 15:00. Feriados que não contam: 25 dez. 2026 (Navidad). Pausa de "
        "qui. 24 dez. 2026 10:00 a qui. 24 dez. 2026 11:30 (à espera do cidadão): contam 1 h 30"
        " min. Está parado desde seg. 28 dez. 2026 12:00 (ninguém disse por quem se esperava). "
        "Todas as pausas juntas: 1 h 30 min. Vence em ter. 29 dez. 2026 09:30, e mais tarde o "
        "quanto durar esta pausa."
    ),
}


@pytest.fixture
def paused_twice(pace, madrid):
    """Due over Christmas, waited for the citizen once, and now for somebody unsaid."""
    clock = pace.start("solution", ONE_DAY, madrid(2026, 12, 24, 9, 0))
    clock = pace.pause(clock, madrid(2026, 12, 24, 10, 0), "citizen")
    clock = pace.resume(clock, madrid(2026, 12, 24, 11, 30))
    return pace.pause(clock, madrid(2026, 12, 28, 12, 0))


def test_the_sum_is_the_target_without_pauses_and_what_the_pauses_added(pace, paused_twice, madrid):
    said = explain(pace, paused_twice)

    assert said.without_pauses == madrid(2026, 12, 28, 15, 0)
    assert said.holidays == ((madrid(2026, 12, 25, 12).date(), "Navidad"),)
    assert [lost.counted for lost in said.pauses] == [timedelta(minutes=90), None]
    assert said.paused == timedelta(minutes=90)
    assert [lost.due for lost in said.pauses] == [madrid(2026, 12, 29, 9, 30)] * 2
    assert paused_twice.due == madrid(2026, 12, 29, 9, 30)


def test_a_pause_after_the_deadline_added_nothing(pace, madrid):
    clock = pace.start("solution", ONE_DAY, madrid(2026, 11, 23, 9, 0))
    clock = pace.pause(clock, madrid(2026, 11, 26, 9, 0))
    clock = pace.resume(clock, madrid(2026, 11, 26, 12, 0))

    [lost] = explain(pace, clock).pauses
    assert (lost.counted, lost.due) == (timedelta(), clock.due)


@pytest.mark.parametrize("language", WORDS)
def test_it_says_so_in_the_languages_of_the_cities(pace, paused_twice, language):
    assert in_words(explain(pace, paused_twice), language) == WORDS[language]


def test_a_sister_language_is_better_than_english_and_english_better_than_nothing(
    pace, paused_twice
):
    said = explain(pace, paused_twice)

    assert in_words(said, "pt") == in_words(said, "pt-BR")
    assert in_words(said, "es-MX") == in_words(said, "es")
    assert in_words(said, "fr") == in_words(said, "en")


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (Target(1, "working_hours"), "1 hora laborable desde"),
        (Target(1.5, "working_hours"), "1.5 horas laborables desde"),
        (Target(2, "working_days"), "2 días hábiles desde"),
        (Target(24, "hours"), "24 horas desde"),
        (Target(30, "days"), "30 días desde"),
    ],
)
def test_every_unit_has_its_words(pace, madrid, target, words):
    clock = pace.start("solution", target, madrid(2026, 11, 23, 9, 0))

    assert in_words(explain(pace, clock), "es").startswith(words)


def test_a_calendar_that_was_not_kept_is_named(pace, madrid):
    clock = pace.start("solution", ONE_DAY, madrid(2026, 11, 23, 9, 0))
    old = replace(clock, calendar_version="2025-9")

    said = explain(pace, old)

    assert "by calendar 2026-1 " in in_words(said, "en")
    assert "first reckoned by calendar 2025-9, which was not kept." in in_words(said, "en")


def test_the_answer_has_the_same_in_data(pace, paused_twice):
    said = clock_explained(explain(pace, paused_twice), "en")

    assert said["target"] == {"amount": 1, "unit": "working_days"}
    assert said["due_without_pauses"] == "2026-12-28T14:00:00Z"
    assert said["paused_s"] == 5400
    assert said["due_datetime"] == "2026-12-29T08:30:00Z"
    assert said["pauses"][0] == {
        "began": "2026-12-24T09:00:00Z",
        "ended": "2026-12-24T10:30:00Z",
        "waiting_for": "citizen",
        "counted_s": 5400,
        "due_after": "2026-12-29T08:30:00Z",
    }
    assert said["pauses"][1]["counted_s"] is None


def test_every_text_has_its_words_in_every_catalogue():
    assert untranslated(Path(routing.__file__).parent) == set()
