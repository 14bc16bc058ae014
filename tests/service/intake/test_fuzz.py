"""Whatever is sent, intake never fails: it accepts or it says what is wrong."""

import json
import os
import string
from urllib.parse import quote_from_bytes, urlencode
from xml.etree import ElementTree as ET

import pytest
import towns
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FEW = settings(
    max_examples=4 * int(os.environ.get("FUZZ_EXAMPLES", "15")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
NAMES = st.sampled_from(
    [
        "lat",
        "long",
        "description",
        "address_string",
        "address_id",
        "email",
        "phone",
        "media_url",
        "service_code",
        "attribute[DEPTH]",
        "attribute[SIDES][]",
        "attribute[COUNT]",
        "attribute[SINCE]",
        "attribute[PLATE]",
        "attribute[",
        "attribute[]",
        "first_name",
        "locale",
        "jurisdiction_id",
        "api_key",
        "zipcode",
        "account_id",
    ]
)
TRICKY = st.sampled_from(
    [
        "",
        " ",
        "0",
        "-0",
        "1e400",
        "NaN",
        "90",
        "a",
        "k",
        "001",
        "full.questions",
        "batch",
        "\x00",
        "\ud7ff",
        "\ufffe",
        "\r\n",
        "<x>&amp;]]>",
        "'; DROP TABLE request; --",
        "2031-02-30",
        "9999-12-31T23:59:59-14:00",
        "http://[::1",
        "http://é.example/%",
        "a@b.example",
        "%",
        "=",
        "&",
    ]
)
VALUES = TRICKY | st.text(st.characters(codec="utf-8"), max_size=40)
PARAMETERS = st.sampled_from(
    [
        "service_request_id",
        "service_code",
        "status",
        "start_date",
        "end_date",
        "page",
        "page_size",
        "updated_after",
        "updated_before",
        "q",
        "lat",
        "long",
        "radius",
        "bbox",
        "extensions",
        "jurisdiction_id",
        "api_key",
    ]
)


def holds_an_error_list(answer):
    if "xml" in answer.headers["content-type"]:
        root = ET.fromstring(answer.content)
        return root.tag == "errors" and all(e.findtext("description") for e in root)
    return all(error["description"] for error in json.loads(answer.content))


@FEW
@given(pairs=st.lists(st.tuples(NAMES, VALUES), max_size=8), fmt=st.sampled_from(["xml", "json"]))
def test_no_form_makes_a_post_fail(intake, pairs, fmt):
    body = urlencode([*intake.form(service_code="full.questions").items(), *pairs])
    answer = intake.client.post(
        f"/open311/v2/requests.{fmt}",
        content=body,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )

    assert answer.status_code in (201, 400, 403, 404)
    assert answer.status_code == 201 or holds_an_error_list(answer)


@FEW
@given(
    pairs=st.lists(st.tuples(NAMES, VALUES), max_size=8),
    files=st.lists(st.tuples(VALUES, VALUES, st.binary(max_size=60)), max_size=3),
    fmt=st.sampled_from(["xml", "json"]),
)
def test_no_form_in_parts_makes_a_post_fail(intake, media, pairs, files, fmt):
    fields = [*intake.form(service_code="full.questions").items(), *pairs]
    parts = [(name or "media", (filename, body)) for name, filename, body in files]
    answer = intake.client.post(
        f"/open311/v2/requests.{fmt}",
        files=[*((name, (None, value.encode())) for name, value in fields), *parts],
    )

    assert answer.status_code in (201, 400, 403, 404)
    assert answer.status_code == 201 or holds_an_error_list(answer)


@FEW
@given(body=st.binary(max_size=200), kind=st.sampled_from(["x-www-form-urlencoded", "json", ""]))
def test_no_bytes_make_a_post_fail(intake, body, kind):
    answer = intake.client.post(
        f"/open311/v2/requests.xml?jurisdiction_id={towns.FIRST}",
        content=body,
        headers={"Content-Type": f"application/{kind}"},
    )

    assert 400 <= answer.status_code < 500
    assert holds_an_error_list(answer)


@FEW
@given(
    parameters=st.lists(st.tuples(PARAMETERS, VALUES), max_size=6),
    fmt=st.sampled_from(["xml", "json"]),
)
def test_no_query_makes_a_list_fail(intake, parameters, fmt):
    query = urlencode([("jurisdiction_id", towns.FIRST), *parameters])
    answer = intake.client.get(f"/open311/v2/requests.{fmt}?{query}")

    assert answer.status_code in (200, 400, 404)
    assert answer.status_code == 200 or holds_an_error_list(answer)


@FEW
@given(
    name=st.binary(min_size=1, max_size=20),
    what=st.sampled_from(["requests", "services", "tokens"]),
    fmt=st.sampled_from(["xml", "json", "csv", "", "x" * 300]),
)
def test_no_path_makes_a_read_fail(intake, name, what, fmt):
    path = f"/open311/v2/{what}/{quote_from_bytes(name, safe=string.ascii_letters)}.{fmt}"
    answer = intake.client.get(f"{path}?jurisdiction_id={towns.FIRST}")

    assert answer.status_code in (400, 404, 405)
    assert holds_an_error_list(answer)


@pytest.mark.parametrize("text", ["<b>&\"'", "]]>", "\r\n\t", "日本 😀", "a\u2028b", "\u200b "])
def test_what_was_accepted_is_shown_as_it_was_sent_in_both_formats(intake, text):
    identity = intake.reported(description=f"x{text}x")

    expected = f"x{text}x".replace("\r\n", "\n")
    assert intake.one(identity)["description"] == expected
    root = ET.fromstring(intake.ask(f"requests/{identity}.xml").content)
    assert root.findtext("request/description") == expected
