"""Whose address a request has, behind proxies and before them."""

import pytest
from servicekit.clients import client_of, networks

PROXIES = networks("10.0.0.0/8, ::1")


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.7", None, "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),  # anybody may write the header
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.7, 10.0.0.9", "203.0.113.7"),
        ("10.0.0.1", "203.0.113.7:4711", "203.0.113.7"),
        ("::1", "[2001:db8::1]:4711", "2001:db8::1"),
        ("::ffff:10.0.0.1", "::ffff:203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", None, None),
        ("10.0.0.1", "10.0.0.2", None),
        ("10.0.0.1", "203.0.113.7, unknown", None),
    ],
)
def test_the_client_is_the_last_that_is_no_proxy_of_ours(peer, forwarded, client):
    assert client_of(peer, forwarded, PROXIES) == client


def test_private_networks_are_named_by_one_word():
    assert client_of("192.168.1.4", "203.0.113.7", networks("private")) == "203.0.113.7"
    assert client_of("192.168.1.4", "203.0.113.7", networks("")) == "192.168.1.4"


def test_what_is_no_network_is_refused():
    with pytest.raises(ValueError, match="nonsense"):
        networks("private, nonsense")
