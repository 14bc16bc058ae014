from dataclasses import replace
from datetime import UTC, datetime

import pytest
from servicekit.contracts import ContractBroken, Contracts
from servicekit.events import BadEvent, Event, read_event

HIDDEN = Event(
    id="e1",
    source="/intake",
    type="request.hidden.v1",
    subject="SDR-1",
    time=datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC),
    sequence=3,
    data={
        "jurisdiction_id": "santander.es",
        "service_request_id": "SDR-1",
        "visibility": "hidden",
        "reason": None,
    },
)


def test_an_event_survives_the_log_in_binary_content_mode():
    event = replace(HIDDEN, traceparent=f"00-{'a' * 32}-{'b' * 16}-01")

    assert read_event(event.headers(), event.value()) == event


def test_the_headers_are_those_of_the_kafka_binding():
    names = {name for name, _ in HIDDEN.headers()}

    assert names == {
        "ce_id",
        "ce_source",
        "ce_specversion",
        "ce_type",
        "ce_subject",
        "ce_time",
        "ce_sequence",
        "content-type",
    }


def test_an_event_that_fits_is_accepted(contracts):
    contracts.check(HIDDEN)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"visibility": "secret"}, "visibility"),
        ({"jurisdiction_id": "Not A Domain"}, "jurisdiction_id"),
        ({"service_request_id": "SDR-2"}, "subject SDR-1 is not SDR-2"),
        ({"service_request_id": 5}, "service_request_id"),
    ],
)
def test_a_broken_contract_names_the_place(contracts, change, named):
    with pytest.raises(ContractBroken, match=named):
        contracts.check(replace(HIDDEN, data={**HIDDEN.data, **change}))


def test_a_missing_field_is_named(contracts):
    data = {key: value for key, value in HIDDEN.data.items() if key != "reason"}

    with pytest.raises(ContractBroken, match="reason"):
        contracts.check(replace(HIDDEN, data=data))


def test_fields_nobody_knows_yet_are_let_through(contracts):
    contracts.check(replace(HIDDEN, data={**HIDDEN.data, "moon_phase": "full"}))


def test_an_unknown_type_is_refused(contracts):
    with pytest.raises(ContractBroken, match=r"request\.eaten\.v1"):
        contracts.check(replace(HIDDEN, type="request.eaten.v1"))


def test_only_the_types_that_a_topic_lists_have_a_place_in_it(contracts):
    assert contracts.allows("routed.santander.es.vias", "case.assigned.v1")
    assert contracts.allows("metrics.parked", "event.parked.v1")
    assert not contracts.allows("routing.events", "case.assigned.v1")
    assert not contracts.allows("intakeXevents", "request.hidden.v1")


def test_each_service_reads_and_writes_what_asyncapi_says(contracts):
    reads = [topic.name for topic in contracts.read_by("routing")]
    writes = [topic.name for topic in contracts.written_by("routing")]

    own = "department-updates.{jurisdiction}.{department}"
    assert reads == ["intake.events", "feedback.events", "department-updates", own]
    assert writes == ["routing.events", "routed.{jurisdiction}.{department}", "routing.parked"]


def test_a_folder_without_contracts_is_refused(tmp_path):
    with pytest.raises(ContractBroken, match=r"asyncapi\.yaml"):
        Contracts.load(tmp_path)


@pytest.mark.parametrize(
    ("header", "value", "named"),
    [
        ("ce_id", b"", "missing ce_id"),
        ("ce_time", b"yesterday", "ce_time"),
        ("ce_time", b"2026-05-06T07:08:09", "no offset"),
        ("ce_sequence", b"-1", "ce_sequence"),
        ("ce_sequence", "٣".encode(), "ce_sequence"),
        ("ce_type", b"\xff", "ce_type is not UTF-8"),
    ],
)
def test_a_bad_header_is_named(header, value, named):
    headers = [(name, value if name == header else kept) for name, kept in HIDDEN.headers()]

    with pytest.raises(BadEvent, match=named):
        read_event(headers, HIDDEN.value())


@pytest.mark.parametrize("value", [None, b"", b"[]", b"{", b"\xff"])
def test_a_value_that_is_no_json_object_is_refused(value):
    with pytest.raises(BadEvent, match="value"):
        read_event(HIDDEN.headers(), value)
