"""One request by its id, read together with others that are asked for at the same moment."""

import asyncio
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from servicekit.prepared import Prepared, prepared
from servicekit.reading import Reader
from sqlalchemy.dialects.postgresql import ARRAY

from intake.store.requests import PUBLIC, fragment
from intake.store.tables import REQUEST

MOST = 64
_Waiting = tuple[str, asyncio.Future["Single | None"]]


@dataclass(frozen=True, slots=True)
class Single:
    """A public request as it is answered, whose it is, and how often it has changed."""

    jurisdiction_id: str
    revision: int
    fragment: bytes


def _statement(fmt: str) -> Prepared:
    c = REQUEST.c
    ids = sa.bindparam("ids", type_=ARRAY(sa.Text))
    columns = (c.service_request_id, c.jurisdiction_id, c.revision, fragment(fmt))
    return prepared(sa.select(*columns).where(c.service_request_id == sa.any_(ids), PUBLIC))


_STATEMENTS: Mapping[str, Prepared] = {fmt: _statement(fmt) for fmt in ("json", "xml")}


@dataclass
class Singles:
    """Reads requests by id: a lone one at once, those that come meanwhile with one statement."""

    reader: Reader
    _waiting: dict[str, list[_Waiting]] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def find(self, jurisdiction_id: str, service_request_id: str, fmt: str) -> Single | None:
        """Return one public request of a jurisdiction, or None."""
        if fmt in self._waiting:
            found = await self._wait(service_request_id, fmt)
        else:
            self._waiting[fmt] = []
            try:
                found = (await self._read([service_request_id], fmt)).get(service_request_id)
            finally:
                self._go_on(fmt)
        return found if found and found.jurisdiction_id == jurisdiction_id else None

    async def _wait(self, service_request_id: str, fmt: str) -> Single | None:
        done: asyncio.Future[Single | None] = asyncio.get_running_loop().create_future()
        self._waiting[fmt].append((service_request_id, done))
        return await done

    def _go_on(self, fmt: str) -> None:
        """Read what came meanwhile; nobody waits when nothing did."""
        waiting = self._waiting.pop(fmt)
        if waiting:
            self._waiting[fmt] = waiting[MOST:]
            task = asyncio.get_running_loop().create_task(self._answer(waiting[:MOST], fmt))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, waiting: Sequence[_Waiting], fmt: str) -> None:
        try:
            found = await self._read([one for one, _ in waiting], fmt)
        except Exception as trouble:  # noqa: BLE001 - each caller is told
            for _, done in waiting:
                if not done.done():
                    done.set_exception(trouble)
        else:
            for one, done in waiting:
                if not done.done():
                    done.set_result(found.get(one))
        finally:
            self._go_on(fmt)

    async def _read(self, ids: Sequence[str], fmt: str) -> dict[str, Single]:
        found = await self.reader.rows(_STATEMENTS[fmt], {"ids": tuple(dict.fromkeys(ids))})
        value = found.get_value
        return {
            _text(value(row, 0)): Single(
                _text(value(row, 1)),
                struct.unpack(">q", value(row, 2) or b"")[0],
                value(row, 3) or b"",
            )
            for row in range(found.ntuples)
        }


def _text(given: bytes | None) -> str:
    return (given or b"").decode()
