"""Ready-made words: those that fit a case, filled in for it in its reporter's language."""

import pytest


@pytest.fixture
def offered(ask, key):
    """Return a function that asks for the replies of SDR-1: the language, and words by key."""

    def get(**params):
        params = {"service_request_id": "SDR-1", **params}
        status, answer = ask("GET", "/api/routing/v1/replies", key("operator"), params=params)
        assert status == 200, answer
        return answer["language"], [(row["reply"], row["words"]) for row in answer["replies"]]

    return get


def test_a_reply_is_filled_in_for_the_case_in_the_reporters_language(submit, offered):
    submit(language="es")

    assert offered(move="accepted") == (
        "es",
        [("seen", "Calles mira SDR-1 (Bache). Hasta 26/11/2026.")],
    )


def test_a_variant_of_a_language_of_the_city_is_answered_in_it(submit, offered):
    submit(language="en-GB")

    assert offered(move="resolved") == ("en", [("filled", "Filled: Repaired.")])


def test_who_speaks_another_language_is_answered_in_the_citys_first(submit, offered):
    submit(language="fr")

    assert offered(move="resolved")[0] == "en"


def test_another_language_may_be_asked_for(submit, offered):
    submit(language="es")

    assert offered(move="resolved", language="en")[1] == [("filled", "Filled: Repaired.")]


def test_without_a_move_all_that_fit_the_case_are_offered(submit, offered):
    submit(language="es")

    assert [reply for reply, _ in offered()[1]] == ["seen", "filled"]


def test_a_reply_for_another_outcome_is_not_offered(submit, offered):
    submit(language="es")

    assert offered(move="resolved", outcome_code="no-money")[1] == []


def test_a_reply_for_a_department_is_offered_to_its_cases_alone(submit, offered):
    submit(language="es", service_code="lamp")

    assert offered(move="resolved")[1] == [("lit", "Ya luce.")]


def test_a_sentence_without_its_value_is_left_out_and_said_to_be(submit, ask, key):
    submit(language="es", service_code="idea")
    params = {"service_request_id": "SDR-1", "move": "accepted"}
    [row] = ask("GET", "/api/routing/v1/replies", key("operator"), params=params)[1]["replies"]

    assert row == {
        "reply": "seen",
        "title": {"es": "Visto", "en": "Seen"},
        "words": "Ventanilla mira SDR-1 (idea).",
        "missing": ["expected_date"],
        "moves": ["accepted"],
        "outcome_codes": [],
    }
