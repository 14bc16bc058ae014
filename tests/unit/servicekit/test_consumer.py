"""A listener that is never told its partitions starts over instead of waiting for ever."""

import pytest
from kafka.structs import MemberState
from servicekit.consumer import JoinWatch
from servicekit.errors import Outage


def test_a_group_that_is_not_joined_in_time_is_an_outage():
    watch = JoinWatch(30.0)
    watch.look(MemberState.UNJOINED, 100.0)
    watch.look(MemberState.REBALANCING, 130.0)

    with pytest.raises(Outage, match="not joined within 30 s"):
        watch.look(MemberState.REBALANCING, 130.1)


def test_every_rebalance_has_the_whole_time():
    watch = JoinWatch(30.0)
    watch.look(MemberState.REBALANCING, 100.0)
    watch.look(MemberState.STABLE, 129.0)
    watch.look(MemberState.REBALANCING, 140.0)

    watch.look(MemberState.REBALANCING, 169.0)
