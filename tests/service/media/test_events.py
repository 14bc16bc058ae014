"""What media does when the other services speak, in whatever order they are heard."""

import itertools

import pytest

CITY = "santander.es"


def test_a_stored_photo_is_told_once_its_request_is_known(media):
    media_id = media.brought()["media_id"]
    assert media.stored() == []

    media.submitted()

    [fact] = media.facts()
    assert fact["type"] == "media.stored.v1"
    assert fact["topic"] == "media.events"
    assert fact["subject"] == "SDR-1"
    assert fact["data"] == {
        "jurisdiction_id": CITY,
        "service_request_id": "SDR-1",
        "media_id": media_id,
        "role": "report",
        "content_type": "image/jpeg",
        "width": 400,
        "height": 300,
        "bytes": fact["data"]["bytes"],
        "path": f"/media/v1/{media_id}/1024.jpg",
    }


def test_a_photo_of_a_known_request_is_told_at_once(media):
    media.submitted()
    media_id = media.brought()["media_id"]

    assert media.stored() == [(1, "SDR-1", media_id, "report")]


def test_a_photo_of_a_request_that_never_came_is_not_told(media):
    media.brought()
    media.submitted("SDR-2")

    assert media.stored() == []


def test_each_placement_is_told_once_and_its_sequence_rises(media, a_photo):
    ids = [media.brought(a_photo(number))["media_id"] for number in range(3)]
    media.submitted(media=ids)
    media.published()
    result = media.brought(a_photo(9), role="result")["media_id"]
    media.brought(a_photo(9), role="result")
    media.moved(media=[result])
    media.moved(media=[result])
    media.moved(media=[ids[0]])

    assert [(sequence, role) for sequence, _, _, role in media.stored()] == [
        (1, "report"),
        (2, "report"),
        (3, "report"),
        (4, "result"),
        (5, "result"),
    ]
    assert {one[2] for one in media.stored()[:3]} == set(ids)


def test_a_result_is_attached_by_the_move_that_names_it(media, a_photo):
    key = media.key("department")
    receipt = media.brought(a_photo(5), token=key, role="result", service_request_id=None)
    media.submitted()
    assert media.see(receipt["path"]).status_code == 404

    assert media.moved(media=[receipt["media_id"]]) == "handled"

    assert media.see(receipt["path"]).status_code == 200
    assert media.stored() == [(1, "SDR-1", receipt["media_id"], "result")]


def test_a_result_of_a_private_request_stays_hidden(media):
    receipt = media.brought(role="result", service_request_id=None)
    media.submitted(visibility="private")
    media.moved(media=[receipt["media_id"]])

    assert media.see(receipt["path"]).status_code == 404
    assert len(media.stored()) == 1


def test_a_move_with_an_unknown_photo_is_parked_with_the_reason(media):
    media.submitted()

    assert media.moved(media=["ab" * 32]) == "parked"

    [parked] = media.rows("SELECT reason FROM parked_event")
    assert parked["reason"] == (
        f"photo {'ab' * 32} is not known in {CITY}; request SDR-1 cannot show it as result"
    )
    assert media.rows("SELECT count(*) FROM placement") == [{"count": 0}]


def test_the_photo_of_another_city_cannot_be_attached(media):
    receipt = media.brought(jurisdiction_id="itanhaem.sp.gov.br", service_request_id="ITA-1")
    media.submitted()

    assert media.moved(media=[receipt["media_id"]]) == "parked"
    assert media.see(receipt["path"]).status_code == 404


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_the_order_between_the_topics_changes_nothing(media, a_photo, order):
    result = media.brought(a_photo(1), role="result", service_request_id=None)["media_id"]
    steps = [
        lambda: media.brought(a_photo(2)),
        lambda: media.submitted(visibility="pending", sequence=1),
        lambda: media.moved(media=[result], sequence=7),
        lambda: media.published(sequence=2),
    ]

    for number in order:
        assert steps[number]() != "parked"

    report = media.brought(a_photo(2))["media_id"]
    told = media.stored()
    assert sorted((one[2], one[3]) for one in told) == sorted(
        [(report, "report"), (result, "result")]
    )
    assert [one[0] for one in told] == [1, 2]
    assert media.see(f"/media/v1/{report}/320.jpg").status_code == 200
    assert media.see(f"/media/v1/{result}/320.jpg").status_code == 200


def test_what_intake_said_later_holds_whatever_is_heard_last(media):
    path = media.brought()["path"]
    media.hidden(sequence=3)
    media.published(sequence=2)
    media.submitted(sequence=1)

    assert media.see(path).status_code == 404
    media.published(sequence=4)
    assert media.see(path).status_code == 200


def test_the_same_event_twice_is_one(media):
    media.brought()

    assert media.submitted(event_id="e1") == "handled"
    assert media.submitted(event_id="e1") == "repeated"
    assert len(media.stored()) == 1


def test_a_move_without_photos_changes_nothing(media):
    assert media.moved() == "handled"
    assert media.rows("SELECT count(*) FROM request") == [{"count": 0}]
