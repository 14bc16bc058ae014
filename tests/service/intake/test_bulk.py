"""GeoReport Bulk: a month of public requests as CSV and GeoJSON."""

import asyncio
import csv
import io
import tracemalloc
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import towns
from intake import wire
from intake.api import bulk as bulk_door
from parts.doors import apart

MAY = "bulk/2031-05"
SMALLEST = 3  # what the town's pack says


@pytest.fixture
def lines(intake):
    """Return a function that gives the lines of a month's CSV by id."""

    def read(what=f"{MAY}.csv", **params):
        answer = intake.ask(what, **params)
        assert answer.status_code == 200, answer.text
        rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
        return {row["service_request_id"]: row for row in rows}

    return read


def several(intake, count=SMALLEST, **fields):
    """Report the same thing so often that its group is shown; returns the ids."""
    return [intake.reported(**fields) for _ in range(count)]


def test_the_columns_are_those_of_georeport_in_its_order_and_then_those_of_bulk(intake):
    answer = intake.ask(f"{MAY}.csv")

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    [header] = csv.reader(io.StringIO(answer.text, newline=""))
    assert tuple(header) == wire.BULK_COLUMNS
    assert header[:17] == list(wire.RequestSchema("")._declared_fields)
    assert len(header) == 24
    assert answer.text.endswith("\r\n")


def test_a_line_says_what_the_request_says_but_for_its_place(intake, lines):
    first, *_ = several(intake, address_string="Main 5", address_id="A-1", zipcode="39001")
    line, row = lines()[first], intake.one(first)

    for name in set(row) - {"lat", "long", "address", "address_id"}:
        assert line[name] == (row[name] or ""), name
    assert (line["lat"], line["long"]) == ("43.462", "-3.81")
    assert (line["address"], line["address_id"]) == ("", "")
    assert (line["status_description"], line["source"]) == ("RECEIVED", "app")
    assert (line["service_group"], line["jurisdiction_id"]) == ("streets", towns.FIRST)
    assert line["closed_date"] == ""


def test_a_small_group_loses_place_words_and_id(intake, lines):
    several(intake)
    several(intake, SMALLEST - 1, service_code="full.questions", **{"attribute[DEPTH]": "a"})
    found = lines()

    assert len(found) == SMALLEST + 1  # those of the small group share an id: none
    withheld = found[""]
    for name in ("lat", "long", "district", "zipcode", "description", "media_url", "address"):
        assert withheld[name] == "", name
    assert withheld["service_code"] == "full.questions"
    assert withheld["requested_datetime"] == "2031-05-05T22:00:00Z"  # the day began in the city


def test_lines_of_small_groups_come_last_so_that_their_place_tells_no_moment(intake):
    for code in ("full.questions", "001", "001", "001"):
        intake.reported(service_code=code, **{"attribute[DEPTH]": "a"})
        intake.clock.forward(hours=1)

    for kind in ("csv", "geojson"):
        text = intake.ask(f"{MAY}.{kind}").text
        assert text.rindex("001") < text.index("full.questions")


def test_the_same_group_in_another_month_does_not_count(intake, lines):
    several(intake, SMALLEST - 1)
    intake.clock.moment = datetime(2031, 6, 3, tzinfo=UTC)
    several(intake, SMALLEST - 1)

    assert set(lines()) == {""}
    assert set(lines("bulk/2031-06.csv")) == {""}


def test_a_month_is_that_of_the_city(intake, lines):
    intake.clock.moment = datetime(2031, 5, 31, 21, 59, 59, tzinfo=UTC)
    may = several(intake)
    intake.clock.moment = datetime(2031, 5, 31, 22, 0, 0, tzinfo=UTC)
    june = several(intake)

    assert set(lines()) == set(may)
    assert set(lines("bulk/2031-06.csv")) == set(june)


@pytest.mark.parametrize("code", ["batch", "blackbox", "private"])
def test_what_is_not_public_is_in_no_file(intake, lines, code):
    several(intake, service_code=code)

    assert lines() == {}
    assert intake.ask(f"{MAY}.geojson").json()["features"] == []
    assert intake.ask("bulk.json").json() == []


def test_a_hidden_request_is_in_no_file_and_does_not_fill_its_group(intake, lines):
    several(intake)
    intake.rows(
        "UPDATE request SET visibility = 'hidden' WHERE service_request_id ="
        " (SELECT min(service_request_id) FROM request)"
    )

    assert set(lines()) == {""}


def test_reporters_are_in_no_file(intake):
    several(intake, email="ana@home.example", phone="555-0123", first_name="Ana", device_id="dev-1")

    for kind in ("csv", "geojson"):
        text = intake.ask(f"{MAY}.{kind}").text
        assert not [word for word in ("ana@", "555-0123", "Ana", "dev-1") if word in text]


@pytest.mark.parametrize("words", ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("x")'])
def test_no_cell_is_a_formula(intake, lines, words):
    several(intake, description=words)

    assert {line["description"] for line in lines().values()} == {f"'{words}"}
    assert all(float(line["long"]) < 0 for line in lines().values())


def test_words_with_commas_quotes_and_lines_come_back_as_they_were(intake, lines):
    words = 'He said: "deep",\nañ — ñandú'
    first, *_ = several(intake, description=words)

    assert lines()[first]["description"] == words


def test_geojson_says_the_same_as_csv(intake, lines):
    several(intake)
    several(intake, 1, service_code="full.questions", **{"attribute[DEPTH]": "a"})
    answer = intake.ask(f"{MAY}.geojson")

    assert answer.headers["content-type"] == "application/geo+json"
    whole = answer.json()
    assert whole["type"] == "FeatureCollection"
    expected = lines()
    assert len(whole["features"]) == len(expected) == SMALLEST + 1
    for feature in whole["features"]:
        line = expected[feature["properties"]["service_request_id"] or ""]
        told = {name: "" if v is None else v for name, v in feature["properties"].items()}
        place = (feature["geometry"] or {"coordinates": ["", ""]})["coordinates"]
        assert {**told, "long": str(place[0]), "lat": str(place[1])} == line


def test_the_index_lists_the_months_that_have_requests(intake):
    several(intake, 1)
    intake.clock.moment = datetime(2031, 7, 6, tzinfo=UTC)
    several(intake, 1)

    months = intake.ask("bulk.json").json()

    assert [one["month"] for one in months] == ["2031-05", "2031-07"]
    assert months[0]["csv"].endswith(f"/open311/v2/{MAY}.csv?jurisdiction_id={towns.FIRST}")
    assert "<months><month><month>2031-05</month>" in intake.ask("bulk.xml").text
    assert intake.ask("bulk.json", jurisdiction_id=towns.SECOND).json() == []


def test_an_unchanged_file_is_not_sent_again(intake):
    [first, *_] = several(intake)
    told = intake.ask(f"{MAY}.csv")
    where = f"/open311/v2/{MAY}.csv?jurisdiction_id={towns.FIRST}"
    known = {"If-None-Match": told.headers["etag"]}

    assert "last-modified" not in told.headers  # the month is not over
    assert intake.client.get(where, headers=known).status_code == 304
    intake.rows("UPDATE request SET revision = 2 WHERE service_request_id = :one", one=first)
    assert intake.client.get(where, headers=known).status_code == 200
    intake.clock.moment = datetime(2031, 6, 3, tzinfo=UTC)
    assert intake.ask(f"{MAY}.csv").headers["last-modified"] == "Tue, 06 May 2031 07:08:09 GMT"


def test_head_says_the_headers_and_sends_nothing(intake):
    several(intake)
    where = f"/open311/v2/{MAY}.csv?jurisdiction_id={towns.FIRST}"

    answer = intake.client("HEAD", where)

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["etag"] == intake.ask(f"{MAY}.csv").headers["etag"]


def test_a_file_is_compressed_for_who_takes_it(intake):
    several(intake)
    where = f"/open311/v2/{MAY}.csv?jurisdiction_id={towns.FIRST}"

    packed = intake.client.get(where, headers={"Accept-Encoding": "gzip"})
    plain = intake.client.get(where, headers={"Accept-Encoding": "identity"})

    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.text == plain.text


@pytest.mark.parametrize(
    "what",
    ["bulk/2031-13.csv", "bulk/2031-00.csv", "bulk/0000-01.csv",
     "bulk/9999-12.csv", "bulk/2031-06.csv",
     "bulk/may.csv", "bulk/2031-05.pdf", "bulk.csv"],
)  # fmt: skip
def test_a_month_that_is_none_or_not_yet_is_not_found(intake, what):
    assert intake.ask(what).status_code == 404


def test_a_month_before_the_calendar_begins_in_utc_is_none():
    assert bulk_door._bounds("0001-01", ZoneInfo("Asia/Tokyo")) is None


@pytest.fixture
def long_month(intake):
    """Fill a month with 8,000 requests of a thousand characters."""
    first = intake.reported(description="deep " * 200)
    columns = [
        row["column_name"]
        for row in intake.rows(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_name = 'request' AND table_schema = 'public'"
        )
    ]
    shown = ["'L-' || n" if name == "service_request_id" else f'"{name}"' for name in columns]
    listed = ", ".join(f'"{name}"' for name in columns)
    intake.rows(
        f"INSERT INTO request ({listed}) SELECT {', '.join(shown)} FROM request,"
        " generate_series(1, 8000) AS n WHERE service_request_id = :one",
        one=first,
    )


def received(intake, most=1000):
    """Return the sizes of the pieces a client gets until it leaves, and the most bytes held."""
    sizes = []
    scope = {
        "type": "http",
        "method": "GET",
        "path": f"/open311/v2/{MAY}.csv",
        "headers": [],
        "query_string": f"jurisdiction_id={towns.FIRST}".encode(),
        "client": None,
    }

    async def ask():
        left = asyncio.Event()

        async def receive():
            if not sizes:
                return {"type": "http.request", "body": b"", "more_body": False}
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            sizes.append(len(message.get("body", b"")))
            if len(sizes) == most:
                left.set()

        await intake.client.transport.app(scope, receive, send)

    tracemalloc.start()
    try:
        apart(ask())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()  # or all tests after this one would be slow
    return sizes, peak


@pytest.mark.usefixtures("long_month")
def test_a_long_file_is_sent_in_pieces_and_never_held_whole(intake):
    sizes, peak = received(intake)

    assert len(sizes) > 32
    assert sum(sizes) > 8_000_000
    assert peak < 6_000_000


@pytest.mark.usefixtures("long_month")
def test_a_client_that_goes_away_is_not_read_for_any_more(intake):
    sizes, _ = received(intake, most=3)

    assert len(sizes) < 10
