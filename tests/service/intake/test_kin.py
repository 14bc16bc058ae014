"""Requests that are handled together, and requests that were split."""

import pytest
import towns

ANA, BEN, CAT = "ana@example.org", "ben@example.org", "cat@example.org"


def words_of(intake):
    """Return the mails that wait: whose request, what for, body."""
    rows = intake.rows(
        "SELECT * FROM message WHERE purpose <> 'request_received' ORDER BY created_at"
    )
    return [(row["service_request_id"], row["purpose"], row["body"]) for row in rows]


def page(intake, path):
    answer = intake.client.get(path)
    assert answer.status_code == 200
    return answer.text


@pytest.fixture
def follow(intake):
    """Return a function: the page under the secret address of a request."""
    from intake import wire  # noqa: PLC0415 - a fixture of the same name
    from intake.app import ground  # noqa: PLC0415

    secret_key = ground(intake.process).secret_key
    return lambda one: page(intake, f"/follow/{wire.follow_secret(secret_key, one)}")


@pytest.fixture
def merged(intake, routing):
    """Ana's report, and Ben's, which is handled with it."""
    root = intake.reported(email=ANA, locale="en")
    other = intake.reported(email=BEN, locale="en")
    routing.moved(other, "duplicate", duplicate_of=root, words="Known already.")
    return root, other


def test_the_citizen_of_a_duplicate_is_told_with_which_number_it_is_handled(intake, merged):
    root, other = merged

    [(number, purpose, body)] = words_of(intake)

    assert (number, purpose) == (other, "request_merged")
    assert f"under number {root}" in body
    assert "Known already." in body
    assert ANA not in body


def test_everybody_sees_with_which_number_a_duplicate_is_handled(intake, merged, follow):
    root, other = merged
    shown = intake.one(other, extensions="true")

    assert (shown["status"], shown["status_notes"]) == ("closed", f"Known already. ({root})")
    assert shown["extended_attributes"]["duplicate_of"] == root
    assert "duplicate_of" not in intake.one(root, extensions="true")["extended_attributes"]
    assert (
        f"<duplicate_of>{root}</duplicate_of>"
        in intake.ask(f"requests/{other}.xml", extensions="true").text
    )
    for text in (follow(other), page(intake, f"/reports/{other}")):
        assert f'<a href="/reports/{root}">{root}</a>' in text


def test_a_root_that_is_not_public_is_named_to_its_duplicates_citizen_alone(
    intake, routing, merged, follow
):
    root, other = merged
    intake.rows("UPDATE request SET visibility = 'private' WHERE service_request_id = :r", r=root)

    assert "duplicate_of" not in intake.one(other, extensions="true")["extended_attributes"]
    assert f"/reports/{root}" not in page(intake, f"/reports/{other}")
    assert root in follow(other)
    routing.moved(root, "resolved", words="Between us: filled.")
    [told] = [body for number, _, body in words_of(intake)[1:] if number == other]
    assert "Between us" not in told


def test_when_the_root_moves_the_citizens_of_its_duplicates_are_told_as_well(
    intake, routing, merged
):
    root, other = merged
    answer = intake.client.post(
        f"/open311/v2/requests/{root}/supporters.json",
        data={"jurisdiction_id": towns.FIRST, "api_key": intake.key, "email": CAT},
    )
    assert answer.status_code in (200, 201), answer.text
    before = len(words_of(intake))
    routing.moved(root, "resolved", words="Filled today.", sequence=900, event_id="e1")
    routing.moved(root, "resolved", words="Filled today.", sequence=900, event_id="e2")

    told = words_of(intake)[before:]
    assert sorted(purpose for _, purpose, _ in told) == [
        "other_moved",
        "request_resolved",
        "request_resolved",
    ]
    [(number, body)] = [
        (number, body) for number, purpose, body in told if purpose == "other_moved"
    ]
    assert number == other
    for words in (root, other, "Filled today.", f"/follow/{other}."):
        assert words in body
    assert f"/follow/{root}." not in body


def test_a_duplicate_that_goes_over_to_another_root_says_so(intake, routing, merged):
    _, other = merged
    third = intake.reported()
    routing.moved(
        other, "duplicate", **{"from": "duplicate"}, duplicate_of=third, words="Known already."
    )

    assert intake.one(other)["status_notes"] == f"Known already. ({third})"
    number, purpose, body = words_of(intake)[-1]
    assert (number, purpose, third in body) == (other, "request_merged", True)


def test_a_separated_request_is_open_again_and_its_citizen_is_told(intake, routing, merged):
    root, other = merged
    routing.moved(other, "routed", **{"from": "duplicate"})
    shown = intake.one(other, extensions="true")

    assert (shown["status"], shown["status_notes"]) == ("open", None)
    assert "duplicate_of" not in shown["extended_attributes"]
    number, purpose, body = words_of(intake)[-1]
    assert (number, purpose) == (other, "request_separated")
    assert "handled on its own" in body
    routing.moved(root, "resolved")
    assert [purpose for number, purpose, _ in words_of(intake) if number == other] == [
        "request_merged",
        "request_separated",
    ]


def test_an_older_word_about_a_duplicate_changes_nothing(intake, routing, merged):
    root, other = merged
    routing.moved(other, "routed", **{"from": "duplicate"}, sequence=950)
    routing.moved(other, "duplicate", duplicate_of=root, sequence=940)

    assert "duplicate_of" not in intake.one(other, extensions="true")["extended_attributes"]
