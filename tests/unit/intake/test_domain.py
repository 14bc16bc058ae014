"""Decisions about requests."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from intake import domain
from servicekit.errors import BadInput

DAYS = timedelta(days=1)


def a_service(**changes):
    given = {
        "service_code": "001",
        "service_name": "Bache",
        "service_group": "streets",
        "type": "realtime",
        "private": False,
        **changes,
    }
    return domain.Service(**given)


def a_report(**changes):
    given = {
        "jurisdiction_id": "beispiel.example",
        "place": domain.Place(address="Calle 5"),
        "description": None,
        "answers": (),
        "media_url": (),
        "reporter": domain.Reporter(),
        "language": "es",
        "channel": "app",
        **changes,
    }
    return domain.Report(**given)


def a_move(now, **changes):
    given = {
        "sequence": 5,
        "state": "accepted",
        "status": "open",
        "words": None,
        "media": (),
        "expected_datetime": None,
        "closed_datetime": None,
        "at": now,
        **changes,
    }
    return domain.Move(**given)


def test_an_id_can_be_read_out_and_holds_nothing_that_a_url_or_list_would_break():
    ids = {domain.new_id("SDR") for _ in range(200)}

    assert len(ids) == 200
    assert all(re.fullmatch(r"SDR-[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}", one) for one in ids)


def test_tokens_are_long_and_never_alike():
    tokens = {domain.new_token() for _ in range(200)}

    assert len(tokens) == 200
    assert all(re.fullmatch(r"[0-9a-f]{32}", token) for token in tokens)


@pytest.mark.parametrize(
    ("changes", "visibility"),
    [
        ({}, "public"),
        ({"private": True}, "private"),
        ({"type": "blackbox", "private": True}, "private"),
        ({"type": "batch"}, "pending"),
        ({"type": "batch", "private": True}, "pending"),
    ],
)
def test_the_service_decides_who_may_see_a_new_request(changes, visibility):
    assert domain.first_visibility(a_service(**changes)) == visibility


def test_a_new_request_has_whole_seconds_and_only_batch_ones_a_token(now):
    late = now.replace(microsecond=999_999)
    one = domain.open_request(a_report(), a_service(), [], service_request_id="A-1", now=late)
    batch = domain.open_request(
        a_report(), a_service(type="batch"), [], service_request_id="A-2", now=late
    )

    assert one.requested_datetime == one.updated_datetime == now
    assert (one.token, bool(batch.token)) == (None, True)
    assert (one.answers_to_its_id, batch.answers_to_its_id) == (True, False)
    assert (one.imported, one.contactable) == (False, False)


def test_a_report_of_the_past_keeps_its_time(now):
    past = now - 100 * DAYS
    ana = domain.Reporter(email="a@b.example")
    report = a_report(requested_datetime=past, imported=True, reporter=ana)
    request = domain.open_request(report, a_service(), [], service_request_id="A-1", now=now)

    assert (request.requested_datetime, request.imported) == (past, True)
    assert request.contactable
    assert domain.Reporter(phone="1").known


def test_routing_says_who_answers_and_until_when(a_request, now):
    due = now + 3 * DAYS
    told = {"department": "roads", "agency_responsible": "Calles", "expected_datetime": due}
    after = domain.routed(a_request(), sequence=4, at=now + DAYS, **told)

    assert (after.department, after.agency_responsible) == ("roads", "Calles")
    assert (after.expected_datetime, after.updated_datetime) == (due, now + DAYS)
    assert (after.state, after.routed_sequence) == ("routed", 4)
    assert domain.routed(after, sequence=4, at=now + 2 * DAYS, **told) is after


def test_a_late_word_of_routing_does_not_undo_a_move(a_request, now):
    moved = domain.moved(a_request(), a_move(now, sequence=9), private_service=False)
    told = {"department": "roads", "agency_responsible": "Calles", "expected_datetime": now}
    after = domain.routed(moved, sequence=4, at=now, **told)

    assert (after.state, after.expected_datetime) == ("accepted", None)
    assert after.agency_responsible == "Calles"


@pytest.mark.parametrize("changes", [{"imported": True}, {"status": "closed"}])
def test_routing_is_no_news_about_what_is_imported_or_closed(a_request, now, changes):
    told = {"department": "roads", "agency_responsible": "Calles", "expected_datetime": None}
    after = domain.routed(a_request(**changes), sequence=1, at=now + DAYS, **told)

    assert after.updated_datetime == now


def test_a_closing_move_shows_its_words_and_time(a_request, now):
    closed = now + 2 * DAYS
    move = a_move(closed, state="resolved", status="closed", words="Done", closed_datetime=closed)
    after = domain.moved(a_request(), move, private_service=False)

    assert (after.status, after.status_notes, after.updated_datetime) == ("closed", "Done", closed)
    later = a_move(
        closed + 14 * DAYS, sequence=6, state="closed", status="closed", closed_datetime=closed
    )
    again = domain.moved(after, later, private_service=False)
    assert (again.status_notes, again.updated_datetime) == ("Done", closed)


def test_an_older_move_changes_nothing(a_request, now):
    after = domain.moved(a_request(moved_sequence=5), a_move(now), private_service=False)

    assert after == a_request(moved_sequence=5)


@pytest.mark.parametrize(
    ("state", "private", "visibility"),
    [
        ("accepted", False, "public"),
        ("accepted", True, "private"),
        ("resolved", False, "public"),
        ("refused", False, "pending"),
        ("routed", False, "pending"),
    ],
)
def test_a_pending_request_is_published_when_somebody_takes_it_on(
    a_request, now, state, private, visibility
):
    before = a_request(visibility="pending")
    after = domain.moved(before, a_move(now, state=state), private_service=private)

    assert after.visibility == visibility


def test_what_is_hidden_stays_hidden_whatever_the_case_does(a_request, now):
    after = domain.moved(a_request(visibility="hidden"), a_move(now), private_service=False)

    assert after.visibility == "hidden"


def test_a_photo_is_shown_when_it_is_kept_and_meant(a_request, now):
    stored = domain.photo_stored(a_request(), media_id="r", role="result", path="/r.jpg")
    assert stored.shown_photos("result") == ()

    told = domain.moved(stored, a_move(now, media=("r", "later")), private_service=False)
    [photo] = told.shown_photos("result")
    assert photo.path == "/r.jpg"
    both = domain.photo_stored(told, media_id="later", role="result", path="/l.jpg")
    assert len(both.shown_photos("result")) == 2
    assert len(domain.photo_removed(both, media_id="r").shown_photos("result")) == 1


def test_a_photo_that_is_removed_before_it_came_never_shows(a_request):
    gone = domain.photo_removed(a_request(), media_id="x")
    late = domain.photo_stored(gone, media_id="x", role="report", path="/x.jpg")

    assert late.shown_photos("report") == ()


def test_changing_who_may_see_it_is_news_unless_it_is_closed(a_request, now):
    later = now + DAYS

    assert domain.shown_as(a_request(), "hidden", at=later).updated_datetime == later
    closed = domain.shown_as(a_request(status="closed"), "hidden", at=later)
    assert (closed.visibility, closed.updated_datetime) == ("hidden", now)


def test_a_search_without_dates_covers_the_last_90_days(now):
    assert domain.search_window(None, None, now) == (now - 90 * DAYS, now)


def test_one_date_alone_reaches_90_days(now):
    assert domain.search_window(now, None, now) == (now, now + 90 * DAYS)
    assert domain.search_window(None, now, now) == (now - 90 * DAYS, now)


def test_90_days_are_allowed_and_a_second_more_is_not(now):
    assert domain.search_window(now - 90 * DAYS, now, now)
    with pytest.raises(BadInput, match="90 days"):
        domain.search_window(now - 90 * DAYS - timedelta(seconds=1), now, now)


def test_a_search_must_not_start_after_its_end(now):
    with pytest.raises(BadInput, match="later"):
        domain.search_window(now + DAYS, now, now)


def test_a_search_at_the_end_of_time_is_refused(now):
    with pytest.raises(BadInput, match="calendar"):
        domain.search_window(datetime(9999, 12, 1, tzinfo=UTC), None, now)
