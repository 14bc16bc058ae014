"""How PostgreSQL finds what a search asks for: never by reading the whole table."""

import json

import psycopg
import pytest
from intake import feed
from psycopg import sql
from servicekit.prepared import written
from servicekit.reading import Reader

FRAGMENT = {
    "service_request_id": "BSP-1",
    "status": "open",
    "service_name": "s",
    "service_code": "001",
    "requested_datetime": "2031-05-06T00:00:00Z",
    "updated_datetime": "2031-05-06T00:00:00Z",
}
FILL = """
INSERT INTO request (service_request_id, jurisdiction_id, service_code, service_name,
    service_group, visibility, status, state, lat, long, description, answers, photos, media_url,
    language, channel, imported, contactable, requested_datetime, updated_datetime,
    agency_responsible, service_object_id, has_photo, revision,
    routed_sequence, moved_sequence, render_version, json_fragment, xml_fragment)
SELECT 'BSP-' || n, 'beispiel.example', CASE n % 50 WHEN 0 THEN '001' ELSE 'batch' END, 's', 'g',
    CASE n % 9 WHEN 0 THEN 'private' ELSE 'public' END,
    CASE n % 4 WHEN 0 THEN 'open' ELSE 'closed' END,
    'received', 43 + n % 1000 / 1000.0, -4 + n % 997 / 1000.0, md5(n::text), '[]', '[]', '[]',
    'es', 'app', false, false, '2031-05-06'::timestamptz - n * interval '10 minutes',
    '2031-05-06'::timestamptz - n * interval '10 minutes',
    CASE WHEN n % 3 > 0 THEN 'Agency ' || n % 7 END, CASE n % 99 WHEN 0 THEN 'lamp-' || n END,
    n % 20 = 0, 1, 0, 0, 1, :fragment, '<request/>'
FROM generate_series(1, 20000) n
"""
SEARCHES = [
    {},
    {"status": "open"},
    {"status": "open,closed"},
    {"service_code": "001"},
    {"service_code": "001,batch"},
    {"service_code": "001", "status": "open"},
    {"group": "Straßen"},
    {"start_date": "2031-01-01", "end_date": "2031-03-01"},
    {"start_date": "2031-01-01", "end_date": "2031-03-01", "status": "open"},
    {"updated_after": "2031-05-05T00:00:00Z"},
    {"updated_after": "2031-01-05T00:00:00Z"},
    {"updated_after": "2031-05-05T00:00:00Z", "sort": "updated"},
    {"updated_before": "2031-01-01"},
    {"sort": "created"},
    {"sort": "-updated"},
    {"sort": "updated"},
    {"sort": "updated", "service_code": "001"},
    {"bbox": "43.2,-3.9,43.21,-3.89"},
    {"bbox": "42,-5,45,-2"},
    {"lat": "43.5", "long": "-3.5", "radius": "250"},
    {"lat": "43.5", "long": "-3.5", "radius": "1000", "service_code": "001,batch"},
    {"lat": "43.5", "long": "-3.5", "radius": "5000", "status": "open"},
    {"lat": "43.5", "long": "-3.5", "radius": "20000"},
    {"lat": "89.99", "long": "179.9", "radius": "20000"},
    {"q": "abcde"},
    {"q": "a"},
    {"q": "zz"},
    {"q": "BSP-77", "status": "open"},
    {"q": "abc s", "sort": "created"},
    {"q": "abc s", "sort": "-updated"},
    {"q": "abc s", "updated_after": "2031-05-05T00:00:00Z"},
    {"q": "abc s", "service_code": "001,batch"},
    {"q": "abc s", "bbox": "42,-5,45,-2"},
    {"q": "abcde", "lat": "43.5", "long": "-3.5", "radius": "1000"},
    {"has_photo": "true"},
    {"has_photo": "false"},
    {"agency_responsible": "agency 2"},
    {"service_object_id": "lamp-99"},
    {"service_object_id": "lamp-99", "service_object_type": "lamp"},
    {"service_request_id": "BSP-7,BSP-8"},
]


@pytest.fixture(scope="module")
def filled(running):
    names = running.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    tables = {row["tablename"] for row in names} - {"alembic_version"}
    running.rows(f"TRUNCATE {', '.join(sorted(tables))}")
    running.rows(FILL, fragment=json.dumps(FRAGMENT).encode())
    feed.Wording(db=running.process.db, jurisdictions=[]).write_again()
    with psycopg.connect(libpq(running), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE request, request_words")
    return running


def libpq(intake):
    return intake.process.common.database_url.replace("+psycopg", "", 1)


@pytest.fixture
def asked(monkeypatch):
    """Return what is asked of the database from now on."""
    seen, rows = [], Reader.rows

    async def note(reader, statement, values):
        seen.append((reader, statement, values))
        return await rows(reader, statement, values)

    monkeypatch.setattr(Reader, "rows", note)
    return seen


def plan(intake, reader, statement, values):
    """Return the plan that a connection of this reader has for a statement."""
    options = f"-c plan_cache_mode={reader.plan} {reader.options}"
    given = [(written(values[name]) or b"").decode() for name in statement.names]
    literals = sql.SQL(", ").join(map(sql.Literal, given))
    with psycopg.connect(libpq(intake), options=options, autocommit=True) as connection:
        connection.execute(f"PREPARE asked AS {statement.text}")
        ask = sql.SQL("EXPLAIN EXECUTE asked({})" if given else "EXPLAIN EXECUTE asked")
        found = connection.execute(ask.format(literals)).fetchall()
    return "\n".join(row[0] for row in found)


@pytest.mark.parametrize("params", SEARCHES)
def test_no_list_reads_the_whole_table(filled, asked, params):
    for page in ({}, {"page": "2", "page_size": "50"}):
        for fmt in ("json", "xml"):
            assert filled.ask(f"requests.{fmt}", **params, **page).status_code == 200
    filled.ask("requests.json", **params)  # known by now: its mark alone is read

    assert asked
    plans = [plan(filled, *one) for one in asked]
    assert not [one for one in plans if "Seq Scan" in one], plans


@pytest.mark.parametrize("params", [{}, {"status": "open"}, {"sort": "-updated"}])
def test_a_page_that_an_index_has_in_order_is_not_sorted(filled, asked, params):
    filled.ask("requests.json", page_size="50", **params)

    assert not [one for one in asked if "Sort" in plan(filled, *one)]


def test_one_request_is_read_by_its_key(filled, asked):
    assert filled.ask("requests/BSP-7.json").status_code == 200

    [one] = asked
    assert "Index Scan using pk_request" in plan(filled, *one)
