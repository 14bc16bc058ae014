"""Cases that are answered by mail: handed over to a party, or with a department by mail link."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from servicekit.errors import Conflict, NotFound
from sqlalchemy.orm import Session

from routing import store, wire
from routing.actions.desk import EVENTS, Desk, Ledger, topic_of
from routing.actions.linking import department_link, issue, mail_department
from routing.actions.move import Asked, carry_out, move_case, standing
from routing.domain import Actor, Move, Order, allowed
from routing.domain import links as domain
from routing.domain.cases import Case
from routing.domain.links import Link, LinkStanding, Party
from routing.domain.moves import PARTY

_WAITS = frozenset({LinkStanding.OPEN, LinkStanding.EXPIRED, LinkStanding.REVOKED})


@dataclass(frozen=True, kw_only=True)
class Handover:
    """To whom, and for how many days the link is good (None: what the city says)."""

    to: Party
    days: int | None = None


def hand_to_party(
    session: Session,
    desk: Desk,
    case: Case,
    asked: Asked,
    over: Handover,
    *,
    now: datetime,
) -> Case:
    """Hand a case over and mail the party its link; raises what ``move_case`` raises."""
    post = desk.city(case.jurisdiction_id).post
    expires = domain.expiry(over.days, domain.PARTY, post, now)

    def mail(ledger: Ledger, case: Case) -> Case:
        link = department_link(ledger, case, domain.HANDED_OVER)
        to = over.to
        mine = replace(
            link,
            kind=domain.PARTY,
            expires=expires,
            party=to.party,
            name=to.name,
            email=to.email,
            language=to.language,
            words=asked.order.reason,
        )
        return issue(ledger, case, mine)

    asked = replace(asked, order=replace(asked.order, party=over.to.name))
    place = (case.jurisdiction_id, case.service_request_id)
    return move_case(session, desk, *place, asked, now=now, then=mail)


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What a link opens: the case as it stands, and whether the link is still good."""

    link: Link
    case: Case
    standing: LinkStanding

    @property
    def moves(self) -> list[Move]:
        """The moves that may be made by this link now."""
        if self.standing is not LinkStanding.OPEN:
            return []
        return allowed(standing(self.case), actor_of(self.link))


def actor_of(link: Link) -> Actor:
    """Return in whose name a link moves its case."""
    return Actor(PARTY) if link.kind == domain.PARTY else Actor("department", link.department)


def open_link(session: Session, secret: str, *, now: datetime) -> Opened:
    """Return what a secret opens; raises NotFound when nothing was ever sent with it."""
    link = store.find_link(session, secret)
    if link is None:
        raise NotFound("there is no such link")
    found = store.find_cases(session, [link.jurisdiction_id], link.service_request_id)
    return _opened(session, link, found[0], now)


def _opened(session: Session, link: Link, case: Case, now: datetime) -> Opened:
    return Opened(link=link, case=case, standing=_standing(session, link, case, now))


def _standing(session: Session, link: Link, case: Case, now: datetime) -> LinkStanding:
    left = link.kind == domain.PARTY and (
        case.state != "waiting" or store.left_since(session, case.id, link.number)
    )
    return link.standing(case.department, moved_on=left, now=now)


@dataclass(frozen=True, kw_only=True)
class PartySays:
    """An answer of a party: done, cannot or question, with words and photos."""

    answer: str
    words: str
    media: tuple[str, ...] = ()


def answer_as_party(
    session: Session, desk: Desk, link: Link, says: PartySays, *, now: datetime
) -> LinkStanding:
    """Take a party's answer, once, and tell the department.

    Returns how the link stood: anything but open, and nothing was changed.
    """
    case = store.lock_case(session, link.jurisdiction_id, link.service_request_id)
    link = store.link_of(session, link.link_id) or link
    if case is None:
        raise NotFound("there is no such case")
    stands = _standing(session, link, case, now)
    if stands is not LinkStanding.OPEN:
        return stands
    order = Order(
        move="party_answered",
        reason=says.words,
        media=says.media,
        party=link.name,
        answer=says.answer,
    )
    ledger = Ledger(desk, now)
    asked = Asked(order=order, actor=actor_of(link), key_name=f"link:{link.link_id}")
    case = carry_out(session, ledger, case, asked)
    _tell_department(ledger, case, order)
    store.end_link(session, link.link_id, LinkStanding.ANSWERED, now)
    ledger.write(session)
    return stands


def _tell_department(ledger: Ledger, case: Case, order: Order) -> None:
    city = ledger.desk.city(case.jurisdiction_id)
    said = wire.case_answered(case, order, ledger.desk.public_url, case.last_moved)
    case = ledger.tell(case, "case.answered.v1", said, topic_of(case))
    if case.department in city.post.by_mail:
        mail_department(ledger, case, domain.ANSWERED)
        return
    notice = wire.party_answer_notice(case, order, city)
    ledger.tell(case, "notice.requested.v1", notice, EVENTS)


def answer_as_department(
    session: Session,
    desk: Desk,
    link: Link,
    order: Order,
    update_id: str,
    over: Handover | None = None,
    *,
    now: datetime,
) -> LinkStanding:
    """Make a department's move by its link; sent twice it is made once.

    ``over`` says to whom, when the case is handed over.

    Returns how the link stood: anything but open, and nothing was changed. Raises what
    ``move_case`` raises.
    """
    case = store.lock_case(session, link.jurisdiction_id, link.service_request_id)
    link = store.link_of(session, link.link_id) or link
    if case is None:
        raise NotFound("there is no such case")
    stands = _standing(session, link, case, now)
    if stands is LinkStanding.OPEN:
        asked = Asked(
            order=order,
            actor=actor_of(link),
            update_id=f"link:{update_id}",
            key_name=f"link:{link.link_id}",
        )
        if over:
            hand_to_party(session, desk, case, asked, over, now=now)
        else:
            place = (case.jurisdiction_id, case.service_request_id)
            move_case(session, desk, *place, asked, now=now)
    return stands


def links_of(session: Session, case: Case, *, now: datetime) -> list[Opened]:
    """Return the links that were sent for a case, the newest first."""
    found = store.links_of(session, case.jurisdiction_id, case.service_request_id)
    return [_opened(session, link, case, now) for link in found]


def send_again(
    session: Session, desk: Desk, seen: Case, kind: str, days: int | None, *, now: datetime
) -> None:
    """Send a new link in the place of the one before it.

    Raises Conflict when the case does not wait for a party's answer, or its department's address
    is not known.
    """
    case = store.lock_case(session, seen.jurisdiction_id, seen.service_request_id) or seen
    ledger, post = Ledger(desk, now), desk.city(case.jurisdiction_id).post
    link = department_link(ledger, case, domain.ASSIGNED, days)
    if kind == domain.PARTY:
        opened = links_of(session, case, now=now)
        last = next((one for one in opened if one.link.kind == domain.PARTY), None)
        if last is None or last.standing not in _WAITS or not last.link.email:
            raise Conflict("the case does not wait for the answer of a party")
        expires = domain.expiry(days, domain.PARTY, post, now)
        link = replace(last.link, link_id=link.link_id, issued=now, expires=expires)
        link = replace(link, ended=None, ended_as=None, sent=None, failed=None)
    elif case.department not in post.addresses:
        raise Conflict(f"department {case.department} has no address")
    issue(ledger, case, link)
    ledger.write(session)


def end_link(session: Session, case: Case, link_id: str, *, now: datetime) -> None:
    """Make a link of a case useless; raises NotFound when the case has none of that id."""
    link = store.link_of(session, link_id)
    mine = (case.jurisdiction_id, case.service_request_id)
    if link is None or (link.jurisdiction_id, link.service_request_id) != mine:
        raise NotFound(f"link {link_id} was not found")
    store.end_link(session, link_id, LinkStanding.REVOKED, now)


def letter_of(session: Session, desk: Desk, link_id: str, *, now: datetime) -> dict[str, Any]:
    """Return the mail of a link that is good: to, language, subject and body.

    Raises NotFound when there is nothing to send (any more).
    """
    link = store.link_of(session, link_id)
    found = (
        store.find_cases(session, [link.jurisdiction_id], link.service_request_id) if link else []
    )
    if link is None or not found:
        raise NotFound(f"link {link_id} was not found")
    opened = _opened(session, link, found[0], now)
    city = desk.city(link.jurisdiction_id)
    to = link.email or city.post.addresses.get(link.department)
    if opened.standing is not LinkStanding.OPEN or not to:
        raise NotFound(f"link {link_id} is not to be sent: {opened.standing}")
    secret = domain.secret_of(desk.secret_key, link.link_id)
    address = wire.link_address(desk.public_url, secret)
    report = store.report_of(session, opened.case)
    return {"to": to, **wire.letter(link, opened.case, report, city, address)}


def forget_addresses(session: Session, desk: Desk, *, now: datetime) -> None:
    """Forget the addresses of links that ended long ago, as long as each city says."""
    for city in desk.cities.values():
        before = now - timedelta(days=city.post.kept_days)
        store.forget_addresses(session, city.jurisdiction_id, before)


def note_letter(
    session: Session, message_id: str, *, sent: datetime | None = None, failed: str | None = None
) -> None:
    """Note what became of a letter, as intake says; messages of others are no letters."""
    if message_id.startswith(wire.MESSAGE):
        store.note_mail(session, message_id.removeprefix(wire.MESSAGE), sent=sent, failed=failed)
