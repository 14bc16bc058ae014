"""A link is issued, and intake is asked to mail it.

The fact in the log names the link and nothing more: neither the address nor the secret. Intake
fetches the letter when it sends it (``letter_of``).
"""

import uuid
from dataclasses import replace

from routing import store, wire
from routing.actions.desk import EVENTS, Ledger
from routing.domain import links as domain
from routing.domain.cases import Case
from routing.domain.links import Link


def mail_department(ledger: Ledger, case: Case, purpose: str = domain.ASSIGNED) -> Case:
    """Mail a case to its department with a link to answer by, if that works by mail.

    Cases of the past are nobody's news.
    """
    post = ledger.desk.city(case.jurisdiction_id).post
    if case.imported or case.department not in post.by_mail:
        return case
    return issue(ledger, case, department_link(ledger, case, purpose))


def department_link(ledger: Ledger, case: Case, purpose: str, days: int | None = None) -> Link:
    """Return a new link for the department that has the case."""
    city = ledger.desk.city(case.jurisdiction_id)
    return Link(
        link_id=uuid.uuid4().hex,
        jurisdiction_id=case.jurisdiction_id,
        service_request_id=case.service_request_id,
        kind=domain.DEPARTMENT,
        purpose=purpose,
        department=case.department,
        number=case.history_number,
        issued=ledger.now,
        expires=domain.expiry(days, domain.DEPARTMENT, city.post, ledger.now),
    )


def issue(ledger: Ledger, case: Case, link: Link) -> Case:
    """Note a link and the wish that it be mailed; it replaces older ones of its kind."""
    link = replace(link, number=case.history_number)
    secret = domain.secret_of(ledger.desk.secret_key, link.link_id)
    ledger.links.append(store.link_row(link, secret))
    return ledger.tell(case, "letter.requested.v1", wire.letter_requested(case, link), EVENTS)
