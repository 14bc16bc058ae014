"""Prepared writes in the event loop: one connection, one statement at a time, sent once."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import psycopg
from anyio import to_thread
from psycopg import pq
from psycopg.pq.abc import PGresult

from servicekit.errors import Outage
from servicekit.prepared import Line, Lost, Prepared, Unknown, connect

_ROLLED_BACK = "40"  # the class of SQL states that say: nothing was done, do it again
_TRIES = 3


@dataclass
class Committer:
    """Commits statements, each a transaction of its own. Who calls waits for one before the next.

    The connection looks rows up by their keys alone, by one plan for all values: PostgreSQL keeps
    the plan of a first day, when a table was empty, for as long as the connection lives.
    """

    url: str = field(repr=False)  # SQLAlchemy's
    _line: Line | None = None

    async def commit(self, statement: Prepared, values: Sequence[bytes]) -> PGresult:
        """Return the result of a statement that is committed.

        Raises what the database says of the rows, and Outage when it is away; then nobody knows
        whether it was committed, and it is not sent again.
        """
        for left in reversed(range(_TRIES)):
            try:
                return await (await self._ready()).ask(statement, values)
            except Unknown:
                self._let_go()  # nothing was done; the next connection prepares it anew
            except psycopg.OperationalError as trouble:
                if (trouble.sqlstate or "").startswith(_ROLLED_BACK) and left:
                    continue
                self._let_go()
                raise Outage(f"the database is away: {type(trouble).__name__}") from None
            except Lost:
                self._let_go()
                raise Outage("the database is away: the connection ended") from None
            except psycopg.Error:
                raise  # of the rows; the connection is as good as before
            except BaseException:  # called off in the midst of an answer
                self._let_go()
                raise
        raise Outage("the database does not know its own statements")

    async def _ready(self) -> Line:
        line = self._line
        # All that an idle server says is farewell.
        if line and (line.connection.status != pq.ConnStatus.OK or line.pieces.poll(0)):
            self._let_go()
        if self._line is None:
            plan, options = "force_generic_plan", "-c enable_seqscan=off"
            self._line = Line(await to_thread.run_sync(connect, self.url, plan, options))
        return self._line

    def _let_go(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None
