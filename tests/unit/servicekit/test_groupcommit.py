import asyncio
import threading

import pytest
from servicekit.errors import Outage
from servicekit.groupcommit import GroupCommit, in_a_thread


class Table:
    """Commits all or none, as a database does, and remembers each transaction."""

    def __init__(self):
        self.commits = []
        self.open = threading.Event()
        self.open.set()

    def write(self, items):
        self.open.wait(10)
        if "bad" in items:
            raise ValueError("bad is refused")
        self.commits.append(list(items))
        return [f"{item} is there" for item in items]


def test_a_lone_item_is_a_transaction_of_its_own_at_once():
    table = Table()

    asyncio.run(GroupCommit(in_a_thread(table.write)).put("a"))

    assert table.commits == [["a"]]


def test_what_waits_while_a_commit_runs_is_written_in_one_transaction():
    table = Table()

    async def many():
        writer = GroupCommit(in_a_thread(table.write))
        table.open.clear()
        puts = [asyncio.create_task(writer.put(number)) for number in range(100)]
        await asyncio.sleep(0)
        table.open.set()
        await asyncio.gather(*puts)

    asyncio.run(many())

    assert sorted(number for commit in table.commits for number in commit) == list(range(100))
    assert len(table.commits) <= 2


def test_a_batch_is_never_larger_than_the_most():
    table = Table()

    async def many():
        writer = GroupCommit(in_a_thread(table.write), most=10)
        await asyncio.gather(*(writer.put(number) for number in range(95)))

    asyncio.run(many())

    assert max(len(commit) for commit in table.commits) <= 10


def test_one_bad_item_harms_only_itself():
    table = Table()

    async def three():
        writer = GroupCommit(in_a_thread(table.write))
        return await asyncio.gather(
            *(writer.put(item) for item in ("a", "bad", "b")), return_exceptions=True
        )

    first, second, third = asyncio.run(three())

    assert (first, third) == ("a is there", "b is there")
    assert isinstance(second, ValueError)
    assert sorted(item for commit in table.commits for item in commit) == ["a", "b"]


def test_an_outage_is_told_to_all_and_nothing_is_written_again():
    tried = []

    def away(items):
        tried.append(list(items))
        raise Outage("the answer to a commit got lost")

    async def three():
        writer = GroupCommit(in_a_thread(away))
        return await asyncio.gather(*(writer.put(item) for item in "abc"), return_exceptions=True)

    assert all(isinstance(answer, Outage) for answer in asyncio.run(three()))
    assert tried == [["a", "b", "c"]]


def test_an_item_is_written_once_also_when_its_client_goes_away():
    table = Table()

    async def gone():
        writer = GroupCommit(in_a_thread(table.write))
        table.open.clear()
        put = asyncio.create_task(writer.put("a"))
        await asyncio.sleep(0.01)
        put.cancel()
        with pytest.raises(asyncio.CancelledError):
            await put
        table.open.set()
        await writer.put("b")

    asyncio.run(gone())

    assert table.commits == [["a"], ["b"]]
