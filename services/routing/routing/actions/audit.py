"""The audit: is every history what was written, and the sealing of those that are older."""

from collections.abc import Iterator
from dataclasses import dataclass

from servicekit.errors import Conflict
from sqlalchemy.orm import Session

from routing import store
from routing.domain.history import Head, Kept, broken, decision_faults, faults


@dataclass
class Audit:
    """What has been read through so far."""

    cases: int = 0
    entries: int = 0
    faults: int = 0

    def read(self, session: Session) -> Iterator[str]:
        """Read every history and say what is wrong, one line each, naming case and entry."""
        for one in store.histories(session):
            self.cases += 1
            self.entries += len(one.rows)
            for fault in _faults(one):
                self.faults += 1
                yield f"{one.about}: {fault}"


def _faults(one: store.History) -> Iterator[str]:
    if one.case is None:
        yield f"{len(one.rows)} entries of a case that is not there"
    else:
        yield from faults(one.about, one.case.state, one.head, one.rows)
        yield from decision_faults(one.rows, one.decisions)


def seal_history(session: Session, case_id: int) -> int:
    """Chain the entries of a case from before there were chains; return how many.

    Raises Conflict when the chain there is has been tampered with: it is not continued then.
    """
    found = store.history_of(session, case_id)
    if found is None:
        return 0
    chain = sorted((row for row in found.rows if row.sealed), key=lambda row: row.number or 0)
    fault = next(broken(found.about, found.head, chain), None)
    if fault:
        raise Conflict(f"{found.about}: {fault}; a broken history is not gone on with")
    head, sealed = found.head, list[tuple[Kept, Head]]()
    for row in sorted((row for row in found.rows if not row.sealed), key=lambda row: row.at):
        head = head.after(found.about, row.kind, row.entry)
        sealed.append((row, head))
    store.seal(session, case_id, sealed)
    return len(sealed)
