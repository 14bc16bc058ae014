"""Deaths in between leave traces that are tidied up, and verify sees what is wrong."""

import dataclasses

import pytest
from media import actions, app
from media.store import shelf
from servicekit.blobs import Blobs
from servicekit.errors import Unavailable

CITY = "santander.es"


def faults(media):
    return list(media.keeper().faults())


def test_a_death_before_the_row_leaves_objects_that_are_collected(media, monkeypatch):
    def dies(*_, **__):
        raise MemoryError

    monkeypatch.setattr(actions, "keep_photo", dies)
    assert media.bring().status_code == 500
    assert len(media.objects()) == 2
    media.keeper().collect()
    assert len(media.objects()) == 2  # it might still be under way
    assert faults(media) == []

    media.clock.forward(seconds=media.config.stale_writing_s + 1)
    media.keeper().collect()

    assert media.objects() == []
    assert media.rows("SELECT count(*) FROM writing") == [{"count": 0}]


def test_a_store_that_goes_away_in_between_is_503_and_leaves_no_row(media, monkeypatch):
    def fails(*_, **__):
        raise Unavailable("the photo store does not answer")

    monkeypatch.setattr(Blobs, "put", fails)
    answer = media.bring()

    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert media.rows("SELECT count(*) FROM photo") == [{"count": 0}]
    assert media.facts() == []


def test_bringing_it_again_after_a_death_keeps_it(media, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(actions, "keep_photo", lambda *_, **__: 1 / 0)
        media.bring()
    media.clock.forward(seconds=media.config.stale_writing_s - 10)
    receipt = media.brought()

    media.clock.forward(seconds=60)
    media.keeper().collect()

    media.submitted()
    assert media.see(receipt["path"]).status_code == 200
    assert faults(media) == []


def test_a_trace_beside_a_row_is_only_wiped_away(media):
    receipt = media.brought()
    media.rows(
        "INSERT INTO writing VALUES (:city, :id, :then)",
        city=CITY,
        id=receipt["media_id"],
        then=media.clock(),
    )
    media.clock.forward(days=1)

    media.keeper().collect()

    assert len(media.objects()) == 2
    assert media.rows("SELECT count(*) FROM writing") == [{"count": 0}]


def test_a_photo_that_nobody_placed_is_forgotten(media):
    media.brought(role="result", service_request_id=None)
    media.clock.forward(seconds=media.config.forget_unplaced_s - 60)
    media.keeper().collect()
    assert len(media.objects()) == 2

    media.clock.forward(seconds=120)
    media.keeper().collect()

    assert media.objects() == []
    assert media.rows("SELECT count(*) FROM photo") == [{"count": 0}]


def test_a_photo_brought_again_is_not_forgotten_yet(media):
    media.brought(role="result", service_request_id=None)
    media.clock.forward(days=6)
    media.brought(role="result", service_request_id=None)
    media.clock.forward(days=6)

    media.keeper().collect()

    assert len(media.objects()) == 2


def test_the_photo_of_a_request_that_never_came_is_forgotten(media, a_photo):
    lost, kept = media.brought(), media.brought(a_photo(3), service_request_id="SDR-2")
    media.submitted("SDR-2", visibility="private")
    media.clock.forward(days=8)

    media.keeper().collect()

    assert media.rows("SELECT media_id FROM photo") == [{"media_id": kept["media_id"]}]
    assert not [key for key in media.objects() if lost["media_id"] in key]
    assert faults(media) == []


def test_a_placed_photo_is_never_forgotten(media):
    media.submitted()
    receipt = media.brought()
    media.clock.forward(days=4000)

    media.keeper().collect()

    assert media.see(receipt["path"]).status_code == 200


def test_collecting_and_attaching_at_once_never_lose_a_placed_photo(media, monkeypatch):
    receipt = media.brought(role="result", service_request_id=None)
    media.submitted()
    media.clock.forward(days=8)
    assert media.moved(media=[receipt["media_id"]]) == "handled"

    media.keeper().collect()

    assert media.see(receipt["path"]).status_code == 200


def test_verify_names_a_row_without_its_picture_and_objects_without_a_row(media):
    receipt = media.brought()
    assert faults(media) == []

    [full] = [key for key in media.objects() if key.endswith("orig.jpg")]
    data = media.blobs.get(full)
    media.blobs.delete(full)
    media.blobs.put(f"{CITY}/ab/{'ab' * 32}/orig.jpg", data, "image/jpeg")
    media.blobs.put(f"nowhere.es/cd/{'cd' * 32}/orig.jpg", data, "image/jpeg")
    media.blobs.put("_pending/nobody", data, "image/jpeg")

    assert sorted(faults(media)) == sorted(
        [
            f"{CITY} {'ab' * 32}: objects without a row",
            f"{CITY} {receipt['media_id']}: a row without its full picture",
            f"nowhere.es {'cd' * 32}: objects without a row",
            "upload nobody: an object without a row",
        ]
    )


def test_the_commands_say_what_they_did(media, capsys):
    run = app.SERVICE.commands
    assert run["buckets"].run(media.process, []) == 0
    assert (
        run["keys"].run(
            media.process,
            ["create", "--name", "roads", "--jurisdiction", CITY, "--department", "roads"],
        )
        == 0
    )
    secret = capsys.readouterr().out.splitlines()[-1]
    assert media.bring(token=secret, role="result").status_code == 201
    assert run["keys"].run(media.process, ["list"]) == 0
    assert "name=roads" in capsys.readouterr().out
    assert run["keys"].run(media.process, ["revoke", secret.split(".")[0]]) == 0
    assert media.bring(token=secret, role="result").status_code == 403
    assert run["keys"].run(media.process, ["revoke", "none"]) == 1


@pytest.mark.parametrize("objects", [0, 1])
def test_verify_ends_with_what_it_found(media, capsys, objects):
    if objects:
        media.blobs.put("_pending/nobody", b"x", "image/jpeg")
    process = dataclasses.replace(media.process)

    assert app._verify(process, []) == objects
    process.engine.dispose()
    assert ("1 faults" if objects else "every row") in capsys.readouterr().out


def test_removing_what_is_not_there_is_no_error(media):
    shelf.remove(media.blobs, CITY, "ab" * 32)
