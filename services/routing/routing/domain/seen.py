"""What a clerk saw of a case before deciding: whether another has decided something since."""

import hashlib

from routing.domain.cases import Case


def mark(case: Case) -> str:
    """Return a short text that is another one after whatever somebody did to the case.

    What clocks say by themselves, notes and visibility leave it as it is: no decision is wrong
    because a warning came meanwhile.
    """
    said = (
        *(case.state, case.department, case.service_code, case.priority, case.assignee),
        *(case.last_moved, case.reopened_count, case.outcome_code, case.disputed),
    )
    return hashlib.blake2b(repr(said).encode(), digest_size=8).hexdigest()
