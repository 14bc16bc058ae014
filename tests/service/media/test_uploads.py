"""Presigned uploads: the store takes the file, media checks what really arrived."""

import io
from datetime import timedelta

import pytest
import urllib3
from media.domain import picture

CITY = "santander.es"
TOKEN = "a-token-between-services"


def opened(media, token=TOKEN, **fields):
    body = {"jurisdiction_id": CITY, "role": "result", "content_type": "image/jpeg", **fields}
    headers = {"Authorization": f"Bearer {token}"}
    return media.client("POST", "/media/v1/uploads", json=body, headers=headers)


def sent(form, data, **changes):
    fields = {**form["fields"], **changes, "file": ("a.jpg", data, "image/jpeg")}
    with urllib3.PoolManager() as pool:
        return pool.request("POST", form["url"], fields=fields, retries=False).status


def completed(media, form, token=TOKEN):
    return media.client("POST", form["complete"], headers={"Authorization": f"Bearer {token}"})


def test_a_file_sent_to_the_store_becomes_a_cleaned_photo(media, a_photo):
    form = opened(media, service_request_id="SDR-1").json()
    assert sent(form, a_photo()) in {200, 204}

    answer = completed(media, form)

    receipt = answer.json()
    assert answer.status_code == 200
    assert receipt["position"] == {"lat": 43.4623, "long": -3.8099}
    folder = f"{CITY}/{receipt['media_id'][:2]}/{receipt['media_id']}"
    assert media.objects() == [f"{folder}/320.jpg", f"{folder}/orig.jpg"]
    assert picture.foreign(media.blobs.get(f"{folder}/orig.jpg")) == []
    media.submitted()
    assert media.see(receipt["path"]).status_code == 200


def test_completing_again_answers_the_same_photo(media, a_photo):
    form = opened(media).json()
    sent(form, a_photo())
    first = completed(media, form).json()

    again = completed(media, form)

    assert again.status_code == 200
    assert again.json() == {**first, "position": None, "taken_datetime": None}


def test_completing_before_anything_arrived_is_a_conflict(media):
    answer = completed(media, opened(media).json())

    assert answer.status_code == 409
    assert "nothing has arrived" in answer.json()[0]["description"]


def test_what_arrived_and_is_no_photo_is_refused_and_deleted(media):
    form = opened(media).json()
    assert sent(form, b"<html><script>alert(1)</script>") in {200, 204}

    answer = completed(media, form)

    assert answer.status_code == 415
    assert media.objects() == []
    assert completed(media, form).status_code == 409


def test_the_store_refuses_more_bytes_than_allowed(media):
    form = opened(media).json()

    assert form["most_bytes"] == 1_000_000
    assert sent(form, bytes(1_000_001)) >= 400
    assert completed(media, form).status_code == 409


def test_more_bytes_brought_in_another_way_are_refused(media):
    form = opened(media).json()
    media.blobs.put(form["fields"]["key"], b"\xff\xd8\xff" + bytes(1_500_000), "image/jpeg")

    assert completed(media, form).status_code == 413
    assert media.objects() == []


def test_an_upload_belongs_to_the_key_that_opened_it(media, a_photo):
    mine, yours = media.key("department"), media.key("department")
    form = opened(media, token=mine).json()
    sent(form, a_photo())

    assert completed(media, form, token=yours).status_code == 404
    assert completed(media, form, token="nonsense").status_code == 403
    assert completed(media, form, token=mine).status_code == 200


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"content_type": "image/svg+xml"}, 400),
        ({"role": "banner"}, 400),
        ({"jurisdiction_id": "a/b"}, 400),
        ({"role": "report"}, 400),
        ({"token": "wrong.key"}, 403),
    ],
)
def test_room_is_given_only_for_what_may_be_brought(media, fields, status):
    assert opened(media, **fields).status_code == status
    assert media.rows("SELECT count(*) FROM upload") == [{"count": 0}]


def test_an_unknown_upload_is_not_found(media):
    assert (
        completed(media, {"complete": f"/media/v1/uploads/{'0' * 32}/complete"}).status_code == 404
    )
    assert completed(media, {"complete": "/media/v1/uploads/none/complete"}).status_code == 404


def test_what_nobody_completed_is_collected_after_its_time(media, a_photo):
    form = opened(media).json()
    sent(form, a_photo())
    media.clock.forward(seconds=media.config.upload_ttl_s + media.config.stale_writing_s - 1)
    media.keeper().collect()
    assert media.objects() == [form["fields"]["key"]]

    media.clock.forward(seconds=2)
    media.keeper().collect()

    assert media.objects() == []
    assert completed(media, form).status_code == 404


def test_the_form_says_when_it_ends(media):
    form = opened(media).json()
    ends = media.clock() + timedelta(seconds=media.config.upload_ttl_s)

    assert form["expires_datetime"] == ends.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert io.StringIO(form["fields"]["policy"]).read()
