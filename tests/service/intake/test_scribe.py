"""The connection that reports are written on: it may end at any moment, and nothing is lost."""

import threading

import sqlalchemy as sa

ENDED = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE query LIKE '%INSERT INTO "request"%' AND datname = current_database()
AND pid <> pg_backend_pid()
"""


def ended(intake):
    return len(intake.rows(ENDED))


def test_who_reports_after_the_connection_ended_notices_nothing(intake):
    intake.reported()
    assert ended(intake) >= 1

    intake.reported()
    assert len(intake.rows("SELECT * FROM request")) == 2


def test_who_reports_while_the_connection_ends_is_told_to_try_again_and_recorded_never(intake):
    intake.reported()
    with intake.process.engine.connect() as holder:
        holder.execute(sa.text("LOCK TABLE request IN EXCLUSIVE MODE"))
        later = threading.Timer(0.3, ended, [intake])
        later.start()
        answer = intake.report(description="in the midst")
        later.join()
        holder.rollback()

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert len(intake.rows("SELECT * FROM request")) == 1
    assert intake.reported(description="again")


def test_one_report_that_cannot_be_stored_harms_no_other(intake, monkeypatch):
    drawn = iter(["BSP-AAAAA-AAAAA", "BSP-AAAAA-AAAAA", "BSP-BBBBB-BBBBB", "BSP-CCCCC-CCCCC"])
    monkeypatch.setattr("intake.domain.new_id", lambda *_: next(drawn))
    asks = [
        ("POST", "/open311/v2/requests.json", {"data": intake.form(description=said)})
        for said in ("one", "two", "three")
    ]
    answers = intake.client.together(asks)

    ids = {answer.json()[0]["service_request_id"] for answer in answers}
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert ids == {"BSP-AAAAA-AAAAA", "BSP-BBBBB-BBBBB", "BSP-CCCCC-CCCCC"}
    assert len(intake.rows("SELECT * FROM request")) == 3
    assert len(intake.facts("request.submitted.v1")) == 3
