"""Those who wait for changes cost little, and are not taken in without end."""

import asyncio

import pytest
from intake.feed import Lookout
from servicekit.errors import TooMany


async def nothing(_):
    return {}


def test_one_who_waits_too_many_is_refused_and_the_others_wait_on():
    async def crowd():
        lookout = Lookout(look=nothing, ended=lambda: False, every_s=0.01, most=2)
        first = [asyncio.create_task(lookout.wait("a.example", 0, 0.2)) for _ in range(2)]
        await asyncio.sleep(0.05)
        with pytest.raises(TooMany):
            await lookout.wait("a.example", 0, 0.2)
        await asyncio.gather(*first)
        await lookout.wait("a.example", 0, 0.01)

    asyncio.run(crowd())
