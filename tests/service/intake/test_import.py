"""The door for reports of the past."""

import pytest
import towns


@pytest.fixture
def bring_in(intake, make_key):
    key = make_key("import")

    def post(**fields):
        form = {"requested_datetime": "2030-01-02T03:04:05Z", **intake.form(api_key=key, **fields)}
        form = {name: value for name, value in form.items() if value is not None}
        return intake.client.post("/api/intake/v1/import", data=form)

    return post


def test_an_imported_report_keeps_its_own_time_and_channel(intake, bring_in):
    answer = bring_in(channel="phone", email="ana@example.org")
    assert answer.status_code == 201, answer.text
    [receipt] = answer.json()

    row = intake.one(receipt["service_request_id"])
    assert row["requested_datetime"] == row["updated_datetime"] == "2030-01-02T03:04:05Z"
    [fact] = intake.facts()
    assert fact["data"]["imported"] is True
    assert fact["data"]["channel"] == "phone"
    assert fact["data"]["requested_datetime"] == "2030-01-02T03:04:05Z"
    assert intake.rows("SELECT * FROM message") == []


def test_the_channel_is_import_unless_told(intake, bring_in):
    bring_in()

    assert intake.facts()[0]["data"]["channel"] == "import"


@pytest.mark.parametrize(
    "fields",
    [{"requested_datetime": "2031-05-07"}, {"requested_datetime": "x"}, {"channel": "pigeon"}],
)
def test_the_future_and_the_unknown_are_refused(bring_in, errors, fields):
    answer = bring_in(**fields)

    assert answer.status_code == 400
    assert next(iter(fields)) in errors(answer)[0][1]


def test_a_reporting_key_does_not_open_it(intake, errors):
    form = {"requested_datetime": "2030-01-02T03:04:05Z", **intake.form()}
    answer = intake.client.post("/api/intake/v1/import", data=form)

    assert answer.status_code == 403
    assert "role import" in errors(answer)[0][1]


def test_a_missing_time_is_told(intake, make_key, errors):
    form = intake.form(api_key=make_key("import"))
    answer = intake.client.post("/api/intake/v1/import", data=form)

    assert errors(answer) == [(400, "requested_datetime required")]


def test_the_open_door_does_not_take_a_time_of_its_own(intake):
    identity = intake.reported(requested_datetime="2030-01-02T03:04:05Z", channel="phone")

    assert intake.one(identity)["requested_datetime"] == "2031-05-06T07:08:09Z"
    assert intake.facts()[0]["data"]["channel"] == "app"
    assert identity.startswith("BSP-")
    assert towns.FIRST
