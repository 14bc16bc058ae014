"""Work that many want at once: done once, whoever asks, and not called off by one of them."""

import asyncio
import threading

import pytest
from servicekit.errands import Errands


def test_those_who_ask_meanwhile_get_the_same_result_of_one_piece_of_work():
    errands, begun, go_on = Errands(), [], threading.Event()

    def work():
        begun.append(1)
        go_on.wait(5)
        return len(begun)

    async def ask():
        asked = [asyncio.create_task(errands.result("key", work)) for _ in range(20)]
        await asyncio.sleep(0)
        go_on.set()
        return await asyncio.gather(*asked)

    assert asyncio.run(ask()) == [1] * 20
    assert errands.begin("key", lambda: "again").result() == "again"


def test_the_work_goes_on_for_the_others_when_one_gives_up():
    errands, go_on = Errands(), threading.Event()

    async def ask():
        one, other = (asyncio.create_task(errands.result("key", go_on.wait)) for _ in range(2))
        await asyncio.sleep(0.01)
        one.cancel()
        await asyncio.sleep(0.01)
        go_on.set()
        return await other

    assert asyncio.run(ask()) is True


def test_everybody_is_told_when_the_work_fails_and_it_can_be_tried_again():
    errands, go_on = Errands(), threading.Event()

    def fail():
        go_on.wait(5)
        raise OSError("away")

    async def ask():
        asked = [asyncio.create_task(errands.result("key", fail)) for _ in range(2)]
        await asyncio.sleep(0)
        go_on.set()
        return await asyncio.gather(*asked, return_exceptions=True)

    assert [str(one) for one in asyncio.run(ask())] == ["away", "away"]
    with pytest.raises(OSError, match="away"):
        errands.begin("key", fail).result()
