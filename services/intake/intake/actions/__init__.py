"""What intake can be asked to do; each takes an open session and never commits."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from servicekit import trace
from servicekit.errors import Conflict, NotFound
from servicekit.events import Event
from sqlalchemy.orm import Session

from intake import domain, store, wire
from intake.actions import welcoming
from intake.actions.ground import Ground
from intake.domain import feed

__all__ = [
    "NEWS",
    "REPEATS_KEPT",
    "Ground",
    "deliver_message",
    "drop_photo",
    "fail_message",
    "follow_case",
    "forget_answers",
    "keep_answer",
    "keep_photo",
    "name_of_news",
    "queue_letter",
    "queue_message",
    "queue_notice",
    "render_again",
    "set_visibility",
    "show_department",
    "submit_requests",
    "write_submission",
]

# A move of long ago (of an imported case, or of a log read anew) is no news to write about.
NEWS = timedelta(days=1)
# So long a report that is sent again is known by its sender's id.
REPEATS_KEPT = timedelta(days=7)
_SILENT = frozenset({"received", "routed", "closed"})
# Of a split tells case.split, of parts that are none any more their own moves.
_TOLD_ELSEWHERE = frozenset({"split", "unsplit"})


def write_submission(
    ground: Ground,
    request: domain.Request,
    reporter: domain.Reporter,
    *,
    now: datetime,
    entry: domain.Entry | None = None,
    part: Mapping[str, str] | None = None,
) -> store.Submission:
    """Return all rows that a new request writes: itself, its reporter, the fact.

    ``entry`` says who of the staff typed it in, if one did; ``part`` of which report it is a part.

    Touches no database, so that many can be written at once. The mail that names the id is
    written by ``welcoming.welcome``, a moment later: nobody has to wait for it.
    """
    event = Event(
        id=f"{request.service_request_id}-submitted",
        source=f"/{ground.outbox.service}",
        type="request.submitted.v1",
        subject=request.service_request_id,
        time=now,
        sequence=request.revision,
        data=wire.request_submitted(request) | ({"part": dict(part)} if part else {}),
        traceparent=trace.current(),
    )
    change = feed.change_of(None, request)
    return store.Submission(
        request=store.request_row(request, wire.render(request, ground.public_url)),
        reporter=store.reporter_row(
            request.service_request_id,
            reporter,
            unwelcomed=welcoming.is_due(ground, request),
            confidential=entry is not None and entry.confidential,
        )
        if reporter.known
        else None,
        outbox=ground.outbox.row(event),
        change=store.change_row(change) if change else None,
        entry=store.entry_row(request, entry, now) if entry else None,
    )


def keep_answer(
    rows: store.Submission, once: domain.Once, first: domain.FirstAnswer, *, now: datetime
) -> store.Submission:
    """Return the rows with the answer for those who send the same report again."""
    return dataclasses.replace(rows, once=store.once_row(once, first, now))


def submit_requests(
    session: Session, submissions: Sequence[store.Submission]
) -> list[domain.FirstAnswer | None]:
    """Record reports and the facts that they were made; the caller commits all or none.

    A report that was sent before is not recorded again: its first answer is returned.
    """
    return store.add_submissions(session, submissions)


def show_department(session: Session, ground: Ground, event: Event) -> None:
    """Show who answers for a request, as routing said."""
    before = _locked(session, event.subject)
    named = _as_named(ground, before, event)
    expected, at = event.data["expected_datetime"], event.data["routed_datetime"]
    after = domain.routed(
        named,
        sequence=event.sequence,
        department=event.data["department"],
        agency_responsible=event.data["agency_responsible"],
        expected_datetime=wire.moment(expected),
        at=wire.moment(at) or event.time,
    )
    after = _save(session, ground, before, after)
    if after.visibility != before.visibility:
        _publish(session, ground, after, now=event.time)


def follow_case(
    session: Session, ground: Ground, event: Event, *, now: datetime
) -> domain.Request | None:
    """Show how a case moved; publish a request that was taken on; tell the reporter.

    Returns the request when this is news, of which others may be told too.
    """
    before = _locked(session, event.subject)
    move = wire.move_of(event)
    store.add_move(session, before.service_request_id, move)
    named = _as_named(ground, before, event)
    after = domain.moved(named, move, private_service=_is_private(ground, named))
    if after == before:
        return None
    after = _save(session, ground, before, after)
    if before.visibility != after.visibility:
        _publish(session, ground, after, now=now)
    if before.visibility == "pending" != after.visibility:
        welcoming.greet(session, ground, after, now)
    if now - move.at >= NEWS:
        return None
    if after.contactable:
        welcoming.welcome(session, ground, service_request_id=after.service_request_id)
        _queue(session, _news(session, ground, after, event), now)
    return after


def keep_photo(session: Session, ground: Ground, event: Event) -> None:
    """Note that media keeps a photo of a request.

    A photo of a POST may be announced before its request is committed; the POST itself has
    written it down, so an unknown request needs nothing.
    """
    before = store.lock_request(session, event.subject)
    if before is None or event.data["role"] == "internal":
        return
    after = domain.photo_stored(
        before,
        media_id=event.data["media_id"],
        role=event.data["role"],
        path=event.data["path"],
    )
    _save(session, ground, before, after)


def drop_photo(session: Session, ground: Ground, event: Event) -> None:
    """Stop showing a photo that media does not keep any more."""
    before = store.lock_request(session, event.subject)
    if before is not None:
        after = domain.photo_removed(before, media_id=event.data["media_id"])
        _save(session, ground, before, after)


def queue_message(session: Session, ground: Ground, event: Event, *, now: datetime) -> None:
    """Write down what another service wants to tell a reporter; say so when nobody can be told."""
    request = _locked(session, event.subject)
    message = domain.Message(
        message_id=event.data["message_id"],
        service_request_id=event.subject,
        jurisdiction_id=request.jurisdiction_id,
        purpose=event.data["purpose"],
        language=event.data["language"],
        subject=event.data["message_subject"],
        body=event.data["body"],
    )
    welcoming.welcome(session, ground, service_request_id=event.subject)
    if store.add_message(session, message, now) and not request.contactable:
        fail_message(session, ground, message, "the reporter left no address", now=now)


def queue_notice(session: Session, event: Event, *, now: datetime) -> None:
    """Write down what another service wants to tell an office; the same message is one."""
    request = _locked(session, event.subject)
    message = domain.Message(
        message_id=event.data["message_id"],
        service_request_id=event.subject,
        jurisdiction_id=request.jurisdiction_id,
        purpose=event.data["purpose"],
        language=event.data["language"],
        subject=event.data["message_subject"],
        body=event.data["body"],
        office=event.data["to"],
        department=event.data["department"],
    )
    store.add_message(session, message, now)


def queue_letter(session: Session, event: Event, *, now: datetime) -> None:
    """Write down that a letter with a link is to be sent; it is fetched then."""
    request = _locked(session, event.subject)
    message = domain.Message(
        message_id=event.data["message_id"],
        service_request_id=event.subject,
        jurisdiction_id=request.jurisdiction_id,
        purpose=event.data["purpose"],
        language="und",
        subject="",
        body="",
        department=event.data["department"],
        link_id=event.data["link_id"],
    )
    store.add_message(session, message, now)


def deliver_message(
    session: Session, ground: Ground, message: domain.Message, *, now: datetime
) -> None:
    """Note that the mail server took a message, and the fact."""
    revision = store.next_revision(session, message.service_request_id)
    if revision and store.settle_message(session, message.message_id, state="sent", now=now):
        ground.outbox.put(
            session,
            type="message.delivered.v1",
            subject=message.service_request_id,
            sequence=revision,
            data=wire.message_settled(message),
            time=now,
        )


def fail_message(
    session: Session, ground: Ground, message: domain.Message, reason: str, *, now: datetime
) -> None:
    """Give a message up, and note the fact."""
    revision = store.next_revision(session, message.service_request_id)
    if revision and store.settle_message(
        session, message.message_id, state="dead", now=now, reason=reason
    ):
        ground.outbox.put(
            session,
            type="message.failed.v1",
            subject=message.service_request_id,
            sequence=revision,
            data=wire.message_failed(message, reason),
            time=now,
        )


def set_visibility(
    session: Session,
    ground: Ground,
    service_request_id: str,
    visibility: domain.Visibility,
    *,
    reason: str | None,
    now: datetime,
) -> domain.Request:
    """Publish, accept or hide a request as an operator wants; raises NotFound and Conflict."""
    before = _locked(session, service_request_id)
    if before.visibility == visibility:
        return before
    if visibility == "public" and _is_private(ground, before):
        raise Conflict("requests to this service are never public")
    after = _save(session, ground, before, domain.shown_as(before, visibility, at=now))
    if visibility == "hidden":
        _tell(session, ground, after, "request.hidden.v1", wire.request_hidden(after, reason), now)
    else:
        _publish(session, ground, after, now=now)
    if before.visibility == "pending" and visibility != "hidden":
        welcoming.greet(session, ground, after, now)
    return after


def forget_answers(session: Session, *, now: datetime) -> None:
    """Forget the answers to reports that nobody sends again any more."""
    store.forget_answers(session, now - REPEATS_KEPT)


def render_again(session: Session, ground: Ground, *, limit: int, after: str = "") -> str | None:
    """Render the next requests of an older render version; returns the last id, None at the end.

    Their revision rises, by which whoever holds an older answer knows that it is not the one.
    """
    stale = store.stale_requests(session, wire.RENDER_VERSION, limit, after)
    for before in stale:
        request = dataclasses.replace(before, revision=before.revision + 1)
        store.save_request(session, request, wire.render(request, ground.public_url))
    return stale[-1].service_request_id if stale else None


def _locked(session: Session, service_request_id: str) -> domain.Request:
    request = store.lock_request(session, service_request_id)
    if request is None:
        raise NotFound(f"service_request_id {service_request_id!r} was not found")
    return request


def _as_named(ground: Ground, request: domain.Request, event: Event) -> domain.Request:
    """Return the request as one to the service that routing names; unchanged by an older word."""
    code = event.data["service_code"]
    if event.sequence <= request.heard_sequence or code == request.service_code:
        return request
    pack = ground.pack(request.jurisdiction_id)
    service = pack.services.get(code)
    about = (
        wire.service_of(service, pack.city.language)
        if service
        else domain.Service(
            service_code=code,
            service_name=code,
            service_group=event.data["service_group"],
            type="realtime",
            private=False,
        )
    )
    return domain.recategorised(request, about)


def _is_private(ground: Ground, request: domain.Request) -> bool:
    service = ground.pack(request.jurisdiction_id).services.get(request.service_code)
    return service is not None and wire.service_of(service, request.language).private


def _save(
    session: Session, ground: Ground, before: domain.Request, after: domain.Request
) -> domain.Request:
    """Write what changed, with the next revision; nothing when nothing did.

    Readers of the feed are told when they can see a difference.
    """
    if after == before:
        return before
    after = dataclasses.replace(after, revision=before.revision + 1)
    store.save_request(session, after, wire.render(after, ground.public_url))
    if _seen(ground, before) != _seen(ground, after):
        store.add_change(session, feed.change_of(before, after))
    return after


def _seen(ground: Ground, request: domain.Request) -> object:
    """Return all that a public door shows of a request."""
    url = ground.public_url
    return (
        request.visibility,
        request.state,
        wire.shown(request, url),
        wire.media_urls(request, url),
    )


def _publish(session: Session, ground: Ground, request: domain.Request, *, now: datetime) -> None:
    _tell(session, ground, request, "request.published.v1", wire.request_published(request), now)


def _tell(
    session: Session,
    ground: Ground,
    request: domain.Request,
    kind: str,
    data: dict[str, object],
    now: datetime,
) -> None:
    ground.outbox.put(
        session,
        type=kind,
        subject=request.service_request_id,
        sequence=request.revision,
        data=data,
        time=now,
    )


def name_of_news(request: domain.Request, event: Event) -> str | None:
    """Return the message that tells how a request stands now; None when nobody is written to."""
    if event.data.get("move") in _TOLD_ELSEWHERE:
        return None
    if request.state == "duplicate":
        return "request_merged"
    if event.data["from"] == "duplicate":
        return "request_separated"
    if request.state in _SILENT:
        return None
    return "request_resolved" if request.state == "resolved" else "request_moved"


def _news(
    session: Session, ground: Ground, request: domain.Request, event: Event
) -> domain.Message | None:
    name = name_of_news(request, event)
    if name is None:
        return None
    if request.state == "withdrawn" and store.withdrawal_of(session, request.service_request_id):
        name = "request_withdrawn"
    pack = ground.packs[request.jurisdiction_id]
    return wire.write_message(
        pack,
        request,
        name,
        link=ground.link(request),
        words=event.data["words"],
        outcome_code=event.data["outcome_code"],
        other_request_id=event.data["duplicate_of"],
    )


def _queue(session: Session, message: domain.Message | None, now: datetime) -> None:
    if message is not None:
        store.add_message(session, message, now)
