"""asyncapi.yaml says who writes and reads which topic; nothing in it hangs in the air."""

from pathlib import Path

import pytest
from servicekit.contracts import Contracts

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
SERVICES = {"intake", "routing", "media", "feedback", "metrics"}
contracts = Contracts.load(CONTRACTS)
channels = contracts.asyncapi["channels"]
operations = contracts.asyncapi["operations"]


@pytest.mark.parametrize("key", sorted(channels))
def test_every_message_of_a_channel_has_its_schema(key):
    for type_, message in channels[key]["messages"].items():
        assert message["payload"]["$ref"] == f"events/{type_}.json"
        assert type_ in contracts.event_types


def test_every_event_type_travels_in_some_channel():
    assert {type_ for topic in contracts.channels.values() for type_ in topic.types} == set(
        contracts.event_types
    )


@pytest.mark.parametrize("name", sorted(operations))
def test_an_operation_names_a_channel_that_is_there_and_a_known_party(name):
    operation = operations[name]

    assert operation["channel"]["$ref"].removeprefix("#/channels/") in channels
    assert operation["action"] in {"send", "receive"}
    assert operation["x-service"] in SERVICES | {"departments", "*"}


@pytest.mark.parametrize("key", sorted(set(channels) - {"parked"}))
def test_what_is_written_is_read_and_what_is_read_is_written(key):
    here = [op for op in operations.values() if op["channel"]["$ref"].endswith(f"/{key}")]

    assert {operation["action"] for operation in here} == {"send", "receive"}


@pytest.mark.parametrize("key", sorted(channels))
def test_a_topic_says_its_key_its_partitions_and_how_long_it_is_kept(key):
    assert channels[key]["x-key"]
    assert contracts.channels[key].partitions >= 1
    assert contracts.channels[key].retention_ms == -1 or contracts.channels[key].retention_ms > 0


@pytest.mark.parametrize("key", sorted(channels))
def test_a_topic_of_one_producer_has_one_writer(key):
    writers = {
        operation["x-service"]
        for operation in operations.values()
        if operation["channel"]["$ref"].endswith(f"/{key}") and operation["action"] == "send"
    }

    assert len(writers) == 1
