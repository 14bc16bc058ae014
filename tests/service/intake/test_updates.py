"""servicerequestupdates, as FixMyStreet fetches and sends them."""

from __future__ import annotations

import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
import towns
from intake.domain import updates
from servicekit.packs import STATES

V2 = "/open311/v2"
DOOR = f"{V2}/servicerequestupdates"
CLOSED = {"resolved", "closed", "refused", "duplicate", "withdrawn"}
PERSON = {
    "email": "olga.marin@example.org",
    "phone": "699887766",
    "first_name": "Olga-Leonor",
    "last_name": "Marin-Etxebarria",
}


def listed(intake, **params):
    answer = intake.ask("servicerequestupdates.json", **params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def comment(intake, identity, fmt="json", *, files=None, **fields):
    given = {
        "jurisdiction_id": towns.FIRST,
        "api_key": intake.key,
        "service_request_id": identity,
        "update_id": "17",
        "updated_datetime": "2031-05-06T07:00:00+02:00",
        "status": "OPEN",
        "description": "Still there",
        **fields,
    }
    sent = {name: value for name, value in given.items() if value is not None}
    return intake.client.post(f"{DOOR}.{fmt}", data=sent, files=files)


def commented(intake, identity, **fields):
    answer = comment(intake, identity, **fields)
    assert answer.status_code == 201, answer.text
    [row] = answer.json()
    return row["update_id"]


def test_every_state_of_a_case_has_its_word_among_the_updates():
    assert set(updates.STATUS_OF) == set(STATES)


@pytest.mark.parametrize("state", STATES)
def test_the_word_of_a_state_means_open_or_closed_as_the_state_does(state):
    word = updates.STATUS_OF[state]

    assert word in updates.STATUSES
    assert (word in updates.CLOSING) == (state in CLOSED)


def test_updates_tell_each_move_of_public_requests_oldest_first(intake, routing):
    first, second = intake.reported(), intake.reported()
    for minutes, (identity, state) in enumerate(
        [(first, "accepted"), (second, "in_progress"), (first, "resolved")]
    ):
        intake.clock.moment += timedelta(minutes=minutes)
        routing.moved(identity, state)

    rows = listed(intake)
    assert [(row["service_request_id"], row["status"]) for row in rows] == [
        (first, "investigating"),
        (second, "in_progress"),
        (first, "fixed"),
    ]
    assert rows[2]["description"] == "Filled today"
    assert rows[0]["description"] == ""
    assert rows[0]["media_url"] is None
    assert len({row["update_id"] for row in rows}) == 3
    assert rows == listed(intake), "the ids of updates are stable"


def test_updates_in_xml_have_the_names_that_fixmystreet_reads(intake, routing):
    identity = intake.reported()
    routing.moved(identity, "resolved")
    answer = intake.ask("servicerequestupdates.xml", api_key="")

    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    root = ET.fromstring(answer.content)
    assert root.tag == "service_request_updates"
    [row] = root
    assert row.tag == "request_update"
    assert row.findtext("service_request_id") == identity
    assert row.findtext("status") == "fixed"
    assert row.findtext("updated_datetime") == "2031-05-06T07:08:09Z"
    assert row.findtext("description") == "Filled today"
    assert (
        b"<service_request_updates/>"
        in intake.ask("servicerequestupdates.xml", end_date="2001-01-01").content
    )


@pytest.mark.parametrize(
    ("window", "found"),
    [
        ({"start_date": "2031-05-06T07:08:09Z", "end_date": "2031-05-06T07:08:09Z"}, 1),
        ({"start_date": "2031-05-06T09:08:09 02:00", "end_date": "2031-05-06T09:08:09+02:00"}, 1),
        ({"start_date": "2031-05-06T07:08:10Z", "end_date": "2031-05-06T09:08:10Z"}, 0),
        ({"start_date": "2031-05-06T05:08:08Z", "end_date": "2031-05-06T07:08:08Z"}, 0),
        ({"start_date": "2031-05-06T07:08:09.5Z", "end_date": "2031-05-06T09:08:09Z"}, 0),
        ({"start_date": "2001-01-01", "end_date": "2041-01-01"}, 1),
        ({"end_date": "2031-05-06T07:08:09Z"}, 1),
        ({"start_date": "2031-05-06"}, 1),
        ({}, 1),
    ],
)
def test_the_window_of_updates_is_inclusive_to_the_second_and_of_any_length(
    intake, routing, window, found
):
    routing.moved(intake.reported(), "accepted", moved_datetime="2031-05-06T07:08:09.700Z")

    rows = listed(intake, **window)
    assert len(rows) == found
    assert {row["updated_datetime"] for row in rows} <= {"2031-05-06T07:08:09Z"}


@pytest.mark.parametrize(
    ("window", "named"),
    [
        ({"start_date": "yesterday"}, "start_date"),
        ({"end_date": "2031-13-01"}, "end_date"),
        ({"start_date": "2031-05-07", "end_date": "2031-05-06"}, "start_date"),
        ({"end_date": "0001-01-01"}, "start_date"),
        ({"end_date": "9999-12-31T23:59:59Z"}, "end_date"),
        ({"page_size": "0"}, "page_size"),
        ({"page": "101"}, "page"),
        ({"page": "99999999999999999999", "page_size": "1"}, "page"),
    ],
)
def test_a_window_of_updates_that_cannot_be_used_is_named(intake, errors, window, named):
    answer = intake.ask("servicerequestupdates.xml", **window)

    assert answer.status_code == 400
    assert named in errors(answer)[0][1]


def test_without_dates_updates_are_those_of_the_last_week(intake, routing):
    identity = intake.reported()
    routing.moved(identity, "accepted")
    intake.clock.forward(days=8)

    assert listed(intake) == []
    assert len(listed(intake, service_request_id=identity)) == 1


def test_updates_can_be_asked_of_some_requests_and_page_by_page(intake, routing):
    first, second = intake.reported(), intake.reported()
    for identity in (first, second, first):
        intake.clock.forward(minutes=1)
        routing.moved(identity, "accepted")
    commented(intake, first)

    assert len(listed(intake, service_request_id=f"{first}, nobody")) == 3
    every = listed(intake)
    paged = [listed(intake, page_size="1", page=str(page)) for page in (1, 2, 3, 4, 5)]
    assert [row for page in paged for row in page] == every
    assert [len(page) for page in paged] == [1, 1, 1, 1, 0]


def test_a_full_page_of_updates_leads_to_the_next_one_in_the_same_window(intake, routing):
    identity = intake.reported()
    for _ in range(5):
        intake.clock.forward(minutes=1)
        routing.moved(identity, "accepted")
    every = listed(intake)
    answer = intake.ask("servicerequestupdates.json", page_size="2")
    met = answer.json()
    while "link" in answer.headers:
        intake.clock.forward(days=1)  # a window of its own would move on
        [link] = re.findall(r'<http://127.0.0.1:8311(/\S+)>; rel="next"', answer.headers["link"])
        answer = intake.client.get(link)
        met += answer.json()

    assert met == every
    assert "link" not in intake.ask("servicerequestupdates.xml").headers


def test_updates_of_what_is_not_public_are_told_to_nobody(intake, routing, make_key):
    intake.report(service_code="batch")
    intake.report(service_code="blackbox")
    hidden = intake.reported()
    commented(intake, hidden)
    for fact in intake.facts("request.submitted.v1"):
        routing.moved(fact["subject"], "refused")
    headers = {"Authorization": f"Bearer {make_key('operator')}"}
    address = f"/api/intake/v1/requests/{hidden}/visibility"
    assert len(listed(intake)) == 2
    intake.client("PUT", address, json={"visibility": "hidden"}, headers=headers)

    assert listed(intake) == []
    ids = ",".join(fact["subject"] for fact in intake.facts("request.submitted.v1"))
    assert listed(intake, service_request_id=ids) == []
    assert listed(intake, jurisdiction_id=towns.SECOND) == []


def test_an_update_shows_the_first_photo_of_its_own_move(intake, routing):
    identity = intake.reported()
    routing.stored(identity, media_id="b" * 64, role="result")
    routing.moved(identity, "in_progress")
    routing.moved(identity, "resolved", media=["c" * 64, "b" * 64])

    urls = [row["media_url"] for row in listed(intake)]
    shown = f"http://127.0.0.1:8311/media/v1/{'b' * 64}/1024.jpg"
    assert urls == [None, shown]


def test_a_comment_becomes_an_update_under_the_id_of_the_answer(intake):
    identity = intake.reported()
    intake.clock.forward(minutes=5)
    update_id = commented(intake, identity, media_url="http://a.example/1.jpg")

    [row] = listed(intake)
    assert row == {
        "update_id": update_id,
        "service_request_id": identity,
        "status": "open",
        "updated_datetime": "2031-05-06T07:13:09Z",
        "description": "Still there",
        "media_url": "http://a.example/1.jpg",
    }
    assert intake.one(identity)["updated_datetime"] == "2031-05-06T07:13:09Z"


def test_a_comment_is_answered_in_xml_as_fixmystreet_reads_it(intake):
    answer = comment(intake, intake.reported(), "xml")

    assert answer.status_code == 201
    root = ET.fromstring(answer.content)
    assert root.tag == "service_request_updates"
    assert [one.tag for one in root] == ["request_update"]
    assert root.findtext("request_update/update_id") == listed(intake)[0]["update_id"]


def test_a_comment_shows_the_state_in_which_it_found_the_request(intake, routing):
    identity = intake.reported()
    routing.moved(identity, "resolved")
    closing = intake.one(identity)["updated_datetime"]
    intake.clock.forward(days=1)
    commented(intake, identity, status="REOPEN")

    assert [row["status"] for row in listed(intake)] == ["fixed", "fixed"]
    assert intake.one(identity)["updated_datetime"] == closing


@pytest.mark.parametrize(
    "missing", ["service_request_id", "update_id", "updated_datetime", "status", "description"]
)
def test_a_comment_without_what_it_needs_is_refused_and_the_field_named(intake, errors, missing):
    answer = comment(intake, intake.reported(), "xml", **{missing: " "})

    assert answer.status_code == 400
    assert errors(answer) == [(400, f"{missing} required")]


@pytest.mark.parametrize(
    ("changes", "status", "named"),
    [
        ({"status": "EXPLODED"}, 400, "status"),
        ({"updated_datetime": "soon"}, 400, "updated_datetime"),
        ({"description": "x" * 4001}, 400, "description"),
        ({"email": "nobody"}, 400, "email"),
        ({"media_url": "javascript:alert(1)"}, 400, "media_url"),
        ({"service_request_id": "NOBODY"}, 404, "service_request_id"),
        ({"service_request_id": "a\x00b"}, 404, "service_request_id"),
        ({"api_key": "wrong"}, 403, "api_key"),
        ({"api_key": None}, 403, "api_key"),
        ({"jurisdiction_id": "nowhere.example"}, 404, "jurisdiction_id"),
        ({"jurisdiction_id": towns.SECOND}, 404, "service_request_id"),
    ],
)
def test_a_comment_that_cannot_be_taken_is_refused(intake, errors, changes, status, named):
    answer = comment(intake, intake.reported(), **changes)

    assert answer.status_code == status
    assert named in errors(answer)[0][1]
    assert intake.rows("SELECT * FROM comment") == []


@pytest.mark.parametrize("status", sorted(updates.STATUSES))
def test_every_status_of_fixmystreet_is_known_in_any_case(intake, status):
    identity = intake.reported()
    commented(intake, identity, status=status.upper())
    commented(intake, identity, status=status, update_id="18")

    facts = intake.facts("request.commented.v1")
    assert [fact["data"]["status"] for fact in facts] == [status, status]


def test_a_key_without_the_right_role_or_city_may_not_comment(intake, make_key):
    identity = intake.reported()

    for key in (make_key("ombudsman"), make_key("report", jurisdictions=[towns.SECOND])):
        assert comment(intake, identity, api_key=key).status_code == 403


def test_a_request_that_is_not_public_takes_no_comment(intake):
    intake.report(service_code="batch")
    intake.report(service_code="blackbox")

    for fact in intake.facts():
        assert comment(intake, fact["subject"]).status_code == 404


def test_the_same_update_of_the_same_sender_is_stored_once_and_answered_as_before(intake):
    identity = intake.reported()
    first = commented(intake, identity)
    second = commented(intake, identity, description="Said otherwise")

    assert first == second
    assert [row["description"] for row in listed(intake)] == ["Still there"]
    assert len(intake.facts("request.commented.v1")) == 1


def test_the_same_update_sent_twice_at_once_is_stored_once(intake):
    identity = intake.reported()
    with ThreadPoolExecutor(4) as crowd:
        ids = list(crowd.map(lambda _: commented(intake, identity), range(8)))

    assert len(set(ids)) == 1
    assert len(listed(intake)) == 1


def test_two_senders_may_use_the_same_number(intake, make_key):
    identity = intake.reported()
    first = commented(intake, identity)
    second = commented(intake, identity, api_key=make_key("report"))

    assert first != second
    assert len(listed(intake)) == 2


def test_an_update_id_that_was_used_for_another_request_is_refused(intake, errors):
    commented(intake, intake.reported())
    answer = comment(intake, intake.reported())

    assert answer.status_code == 400
    assert "update_id" in errors(answer)[0][1]


def test_who_commented_is_kept_apart_and_told_to_nobody(intake):
    identity = intake.reported()
    commented(intake, identity, **PERSON)

    [kept] = intake.rows("SELECT * FROM commenter")
    assert {name: kept[name] for name in PERSON} == PERSON
    told = str(intake.facts()) + str(intake.rows("SELECT * FROM comment"))
    for path in ("servicerequestupdates.json", "servicerequestupdates.xml", "requests.json"):
        told += intake.ask(path, extensions="true").text
    told += intake.client.get(f"/reports/{identity}").text
    assert not [word for word in PERSON.values() if word in told]


def test_a_lone_hyphen_for_a_last_name_means_unknown(intake):
    commented(intake, intake.reported(), last_name="-", first_name="Ana")

    [kept] = intake.rows("SELECT first_name, last_name FROM commenter")
    assert dict(kept) == {"first_name": "Ana", "last_name": None}


def test_a_comment_brings_its_photos_which_are_not_taken_for_the_reports(intake, media, routing):
    identity = intake.reported()
    picture = ("p.png", b"\x89PNG not really", "image/png")
    commented(intake, identity, files={"photo1": picture})
    media_id = hashlib.sha256(picture[1]).hexdigest()
    routing.stored(identity, media_id=media_id)

    shown = f"http://127.0.0.1:8311/media/v1/{media_id}/1024.jpg"
    assert listed(intake)[0]["media_url"] == shown
    assert intake.one(identity)["media_url"] is None
    assert intake.facts("request.commented.v1")[0]["data"]["media"] == [media_id]
    commented(intake, identity, files={"photo1": picture})
    assert len(media.asked) == 1, "a repeated update brings no photo twice"
    data = {
        "jurisdiction_id": towns.FIRST,
        "service_request_id": identity,
        "media_id": media_id,
        "reason": "a face",
    }
    intake.hear("media.removed.v1", identity, data)
    assert listed(intake)[0]["media_url"] is None


def test_a_photo_whose_comment_is_not_taken_in_after_all_is_not_the_reports(intake, media, routing):
    """Media tells of a photo that it keeps, also when intake died before it wrote the comment."""
    commented(intake, intake.reported(), files={"photo1": ("p.png", b"\x89PNG", "image/png")})
    [(_, _, body)] = media.asked
    [role] = re.findall(rb'name="role"\r\n(?:[^\r]+\r\n)*\r\n(\w+)', body)
    other = intake.reported()

    assert routing.stored(other, role=role.decode()) == "handled"

    assert intake.one(other)["media_url"] is None
    assert intake.listed(has_photo="true") == []


def test_a_comment_is_told_to_the_log_with_a_higher_sequence(intake):
    identity = intake.reported()
    update_id = commented(intake, identity, status="CLOSED", media_url="http://a.example/1.jpg")

    [fact] = intake.facts("request.commented.v1")
    assert int(fact["sequence"]) > 1
    assert fact["data"] == {
        "jurisdiction_id": towns.FIRST,
        "service_request_id": identity,
        "update_id": update_id,
        "status": "closed",
        "description": "Still there",
        "media": [],
        "media_url": ["http://a.example/1.jpg"],
        "commented_datetime": "2031-05-06T05:00:00Z",
        "recorded_datetime": "2031-05-06T07:08:09Z",
    }
    assert intake.one(identity)["status"] == "open"


def test_an_operator_hides_a_comment_everywhere_and_shows_it_again(intake, make_key, errors):
    identity = intake.reported()
    update_id = commented(intake, identity, description="Buy cheap watches")
    address = f"/api/intake/v1/updates/{update_id}/visibility"
    operator = {"Authorization": f"Bearer {make_key('operator')}"}

    def told():
        extended = intake.ask(f"requests/{identity}.json", extensions="true").text
        page = intake.client.get(f"/reports/{identity}").text
        return str(listed(intake)), extended, page

    assert all("watches" in one for one in told())
    hide, show = {"visibility": "hidden"}, {"visibility": "public"}
    assert intake.client("PUT", address, json=hide, headers=operator).json() == {
        "update_id": update_id,
        "visibility": "hidden",
    }
    assert not any("watches" in one for one in told())
    assert commented(intake, identity, description="Buy cheap watches") == update_id
    assert listed(intake) == []
    assert intake.client("PUT", address, json=show, headers=operator).status_code == 200
    assert all("watches" in one for one in told())
    stranger = {"Authorization": f"Bearer {intake.key}"}
    assert intake.client("PUT", address, json=hide, headers=stranger).status_code == 403
    elsewhere = make_key("operator", jurisdictions=[towns.SECOND])
    answer = intake.client(
        "PUT", address, json=hide, headers={"Authorization": f"Bearer {elsewhere}"}
    )
    assert answer.status_code == 404
    assert errors(answer)


@pytest.mark.parametrize("update_id", ["nothing", "-c1", "BSP-1-m2", "BSP-1-c9", "a%00-c1"])
def test_an_update_that_is_no_comment_cannot_be_hidden(intake, make_key, update_id):
    answer = intake.client(
        "PUT",
        f"/api/intake/v1/updates/{update_id}/visibility",
        json={"visibility": "hidden"},
        headers={"Authorization": f"Bearer {make_key('operator')}"},
    )

    assert answer.status_code == 404
