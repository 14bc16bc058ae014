"""What becomes of a try, whom messages may be sent to, and how a place in the feed is written."""

import ipaddress
from datetime import timedelta

import pytest
from intake import wire
from intake.domain import webhooks as domain
from servicekit.errors import BadInput

INSIDE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "100.100.100.200", "192.0.0.192", "198.18.0.1", "224.0.0.1", "255.255.255.255",
    "168.63.129.16", "::", "::1", "fe80::1", "fd00:ec2::254", "fc00::1", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::",
    "2002:a9fe:a9fe::1", "2001:db8::1", "fec0::1", "::7f00:1", "64:ff9b:1::a00:1", "5f00::1",
]  # fmt: skip
OUTSIDE = ["93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "64:ff9b::101:101"]


@pytest.mark.parametrize("address", INSIDE)
def test_nothing_is_sent_to_an_address_inside(address):
    assert not wire.is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", OUTSIDE)
def test_messages_may_be_sent_to_an_address_of_the_open_internet(address):
    assert wire.is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("status", "attempts", "state", "disable"),
    [
        (200, 1, "sent", False),
        (204, 10, "sent", False),
        (410, 1, "dead", True),
        (500, 1, "waiting", False),
        (404, 9, "waiting", False),
        (301, 1, "waiting", False),
        (None, 1, "waiting", False),
        (500, 10, "dead", False),
        (None, 10, "dead", False),
    ],
)
def test_only_2xx_is_success_410_is_the_end_and_ten_tries_are_enough(
    status, attempts, state, disable
):
    verdict = domain.judge(domain.Reply(status=status, reason="x"), attempts, 0.5)

    assert (verdict.state, verdict.disable) == (state, disable)


def test_the_pauses_between_tries_grow_and_spread():
    reply = domain.Reply(status=500, reason="x")
    middle = [domain.judge(reply, attempts, 0.5).pause for attempts in range(1, domain.TRIES)]

    assert middle == sorted(middle) == list(domain.PAUSES)
    assert timedelta(days=2.5) < sum(middle, timedelta()) < timedelta(days=3.5)
    assert domain.judge(reply, 1, 0.0).pause < domain.judge(reply, 1, 1.0).pause


def test_a_receiver_cannot_ask_for_more_than_a_day_of_rest():
    reply = domain.Reply(status=429, reason="x", retry_after=timedelta(days=9))

    assert domain.judge(reply, 1, 0.5).pause == timedelta(days=1)


@pytest.mark.parametrize("number", [0, 1, 255, 10**9, 10**17])
def test_a_cursor_is_read_as_it_was_written(number):
    assert wire.read_cursor(wire.write_cursor(number)) == number


@pytest.mark.parametrize("text", ["", "0", "1", "1-", "01-0000", "g-0000", "1-00000", "²-0000"])
def test_a_text_that_is_no_cursor_is_refused(text):
    with pytest.raises(BadInput, match="after"):
        wire.read_cursor(text)
