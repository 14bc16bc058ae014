"""The mail that names a new request's id: written down after the report, by whoever has time."""

from datetime import datetime

from servicekit import logs
from sqlalchemy.orm import Session

from intake import domain, store, wire
from intake.actions.ground import Ground

log = logs.get(__name__)


def welcome(
    session: Session, ground: Ground, *, limit: int = 1, service_request_id: str | None = None
) -> int:
    """Write the mails that name new requests' ids, of some or of one; returns how many waited.

    They wait since the report was made, so that no later mail about it is sent before. A mailbox
    that many reports name lately is left alone: it may be somebody else's.
    """
    due = store.take_unwelcomed(session, limit, service_request_id)
    admitted = [request for request, address in due if _admit(ground, request, address)]
    mails = ((_welcome(ground, request), request.requested_datetime) for request in admitted)
    store.add_messages(session, mails)
    return len(due)


def _admit(ground: Ground, request: domain.Request, address: str | None) -> bool:
    if address and ground.mailboxes.admit(address):
        return True
    log.warning("too many mails to one mailbox", service_request_id=request.service_request_id)
    return False


def greet(session: Session, ground: Ground, request: domain.Request, now: datetime) -> None:
    """Write the mail for a request that has its id from now on, if there is to be one."""
    if is_due(ground, request):
        store.add_message(session, _welcome(ground, request), now)


def is_due(ground: Ground, request: domain.Request) -> bool:
    """Tell whether a mail names the id to the reporter; not as long as there is none to name."""
    service = ground.packs[request.jurisdiction_id].services.get(request.service_code)
    speaks = service is None or service.type != "blackbox"
    return not request.imported and request.contactable and request.answers_to_its_id and speaks


def _welcome(ground: Ground, request: domain.Request) -> domain.Message:
    pack = ground.packs[request.jurisdiction_id]
    return wire.write_message(pack, request, "request_received", link=ground.link(request))
