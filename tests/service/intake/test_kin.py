"""Requests that are handled together, and requests that were split."""

import pytest
import towns

ANA, BEN, CAT = "ana@example.org", "ben@example.org", "cat@example.org"


def words_of(intake):
    """Return the mails that wait: whose request, what for, body."""
    told = "SELECT * FROM message WHERE purpose NOT IN ('request_received', 'support_received')"
    rows = intake.rows(f"{told} ORDER BY created_at")
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


@pytest.mark.parametrize("state", ["withdrawn", "duplicate"])
def test_a_root_that_leaves_its_duplicates_is_no_news_to_them(intake, routing, merged, state):
    root, other = merged
    third = intake.reported()
    routing.moved(root, state, duplicate_of=third if state == "duplicate" else None)

    assert [purpose for number, purpose, _ in words_of(intake) if number == other] == [
        "request_merged"
    ]


def test_an_older_word_about_a_duplicate_changes_nothing(intake, routing, merged):
    root, other = merged
    routing.moved(other, "routed", **{"from": "duplicate"}, sequence=950)
    routing.moved(other, "duplicate", duplicate_of=root, sequence=940)

    assert "duplicate_of" not in intake.one(other, extensions="true")["extended_attributes"]


# --- several things in one report


@pytest.fixture
def split(intake, media):
    """Return a function that says, as routing does, that a request was split into two."""

    def say(identity, *, event_id=None, codes=("001", "full.questions"), **changes):
        data = {
            "jurisdiction_id": towns.FIRST,
            "service_request_id": identity,
            "department": "roads",
            "by": {"role": "operator", "department": None},
            "words": "Two of us look at it.",
            "parts": [
                {
                    "part_id": f"{identity}-4-{number}",
                    "number": number,
                    "service_code": code,
                    "service_group": "streets",
                    "description": f"Thing {number}",
                }
                for number, code in enumerate(codes, 1)
            ],
            "split_datetime": intake.clock().isoformat(),
            **changes,
        }
        return intake.hear("case.split.v1", identity, data, event_id=event_id)

    return say


def parts_of(intake, identity):
    rows = intake.rows(
        "SELECT service_request_id FROM kin WHERE parent = :p ORDER BY part_id", p=identity
    )
    return [row["service_request_id"] for row in rows]


def test_each_part_becomes_a_request_of_its_own_about_the_same(intake, split):
    whole = intake.reported(
        email=ANA,
        first_name="Ana",
        address_string="Calle Alta 5",
        media_url="http://x.example/a.jpg",
    )
    split(whole)

    one, other = parts_of(intake, whole)
    assert len({whole, one, other}) == 3
    before, shown = intake.one(whole), intake.one(one)
    same = ("lat", "long", "address", "requested_datetime", "media_url")
    assert {name: shown[name] for name in same} == {name: before[name] for name in same}
    assert (shown["service_code"], shown["description"]) == ("001", "Thing 1")
    assert (shown["status"], intake.one(other)["service_code"]) == ("open", "full.questions")
    people = intake.rows("SELECT * FROM reporter ORDER BY service_request_id")
    assert {row["email"] for row in people} == {ANA}
    assert {row["service_request_id"] for row in people} == {whole, one, other}


def test_routing_hears_of_each_part_as_of_any_report_and_whose_part_it_is(intake, split):
    whole = intake.reported(email=ANA)
    split(whole)

    facts = [fact["data"] for fact in intake.facts("request.submitted.v1")][1:]
    assert [fact["part"]["part_id"] for fact in facts] == [f"{whole}-4-1", f"{whole}-4-2"]
    assert {fact["part"]["parent"] for fact in facts} == {whole}
    assert {fact["contactable"] for fact in facts} == {True}
    assert "part" not in intake.facts("request.submitted.v1")[0]["data"]
    assert "ana@" not in str(intake.facts())


def test_a_split_heard_twice_makes_no_part_twice(intake, split):
    whole = intake.reported(email=ANA)
    split(whole)
    first = parts_of(intake, whole)
    split(whole)

    assert parts_of(intake, whole) == first
    assert len(intake.facts("request.submitted.v1")) == 3
    assert [purpose for _, purpose, _ in words_of(intake)] == ["request_split"]


def test_a_part_of_a_service_that_is_not_here_parks_the_split_as_a_whole(intake, split):
    whole = intake.reported()

    assert split(whole, codes=("001", "no-such")) == "parked"
    assert parts_of(intake, whole) == []
    assert len(intake.facts("request.submitted.v1")) == 1


def test_the_citizen_gets_one_mail_with_all_numbers_and_follows_them_from_one_page(
    intake, routing, split, follow
):
    whole = intake.reported(email=ANA, locale="en")
    routing.moved(whole, "routed", move="split", words="Two of us look at it.")
    split(whole)
    one, other = parts_of(intake, whole)

    [(number, purpose, body)] = words_of(intake)
    assert (number, purpose) == (whole, "request_split")
    for words in (f"{one}: ", f"{other}: ", "Two of us look at it.", f"/follow/{whole}."):
        assert words in body
    intake.welcome()
    assert len(intake.rows("SELECT * FROM message WHERE purpose = 'request_received'")) == 1
    shown = follow(whole)
    for part in (one, other):
        assert f"/follow/{part}." in shown
        assert f"/follow/{whole}." in follow(part)
    public = page(intake, f"/reports/{whole}")
    assert f'<a href="/reports/{one}">' in public
    assert "/follow/" not in public


def test_parts_and_what_was_split_name_one_another_to_who_asks_for_extensions(intake, split):
    whole = intake.reported()
    split(whole)
    one, other = parts_of(intake, whole)

    assert intake.one(whole, extensions="true")["extended_attributes"]["parts"] == [one, other]
    assert intake.one(one, extensions="true")["extended_attributes"]["parent"] == whole
    text = intake.ask(f"requests/{whole}.xml", extensions="true").text
    assert f"<parts><part>{one}</part><part>{other}</part></parts>" in text


def test_what_is_not_for_everybody_stays_so_in_its_parts(intake, split):
    whole = intake.reported()
    intake.rows("UPDATE request SET visibility = 'hidden' WHERE service_request_id = :w", w=whole)
    split(whole)

    seen = intake.rows("SELECT visibility FROM request WHERE service_request_id <> :w", w=whole)
    assert [row["visibility"] for row in seen] == ["hidden", "hidden"]


def test_a_part_of_a_service_that_is_never_shown_is_not_shown(intake, split, follow):
    whole = intake.reported()
    split(whole, codes=("001", "private"))
    one, other = parts_of(intake, whole)

    assert intake.ask(f"requests/{other}.json").status_code == 404
    assert intake.one(whole, extensions="true")["extended_attributes"]["parts"] == [one]
    assert other in follow(whole)


def test_supporters_of_a_split_report_are_told_too_and_joined_to_no_part(intake, split):
    whole = intake.reported()
    intake.client.post(
        f"/open311/v2/requests/{whole}/supporters.json",
        data={"jurisdiction_id": towns.FIRST, "api_key": intake.key, "email": CAT},
    )
    split(whole)

    [(number, purpose, body)] = words_of(intake)
    assert (number, purpose) == (whole, "request_split")
    assert all(part in body for part in parts_of(intake, whole))
    assert "/follow/" not in body
    assert len(intake.rows("SELECT * FROM supporter")) == 1


def test_each_part_tells_its_own_moves_to_the_citizen(intake, routing, split):
    whole = intake.reported(email=ANA)
    split(whole)
    one, _ = parts_of(intake, whole)
    routing.moved(one, "withdrawn", move="withdrawn", words="It is handled together again.")
    routing.moved(whole, "routed", move="unsplit")

    told = [(number, body) for number, _, body in words_of(intake)][1:]
    assert [number for number, _ in told] == [one]
    assert "It is handled together again." in told[0][1]
