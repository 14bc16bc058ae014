"""What media can be asked; each takes an open session and never commits."""

import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta

from servicekit import keys
from servicekit.errors import Forbidden, NotFound
from servicekit.outbox import Outbox
from sqlalchemy.orm import Session

from media import store, wire
from media.domain import Caller, Photo, Placing, Size, Upload, picture

OUR_OWN = Caller(name="intake", roles=frozenset({"administrator"}))


def find_caller(session: Session, token: str | None, service_token: str) -> Caller | None:
    """Return who asks: another service of ours, or the holder of a key; None is a stranger."""
    if token and service_token and hmac.compare_digest(token.encode(), service_token.encode()):
        return OUR_OWN
    key = keys.find(session, store.API_KEY, token)
    if key is None:
        return None
    return Caller(name=key.id, jurisdictions=key.jurisdictions, roles=key.roles)


def require_caller(session: Session, token: str | None, service_token: str) -> Caller:
    """Return who asks; raises Forbidden for a stranger."""
    caller = find_caller(session, token, service_token)
    if caller is None:
        raise Forbidden("the key (Authorization: Bearer …) is missing or not valid")
    return caller


def keep_photo(
    session: Session,
    outbox: Outbox,
    cleaned: picture.Picture,
    placing: Placing,
    caller: str,
    *,
    now: datetime,
) -> Photo:
    """Record a photo whose objects are written, and place it if its request is named."""
    photo = Photo(
        jurisdiction_id=placing.jurisdiction_id,
        media_id=cleaned.media_id,
        sizes={
            name: Size(one.width, one.height, len(one.data))
            for name, one in cleaned.renditions.items()
        },
        created_at=now,
    )
    visibility = None
    if placing.service_request_id is not None:
        visibility = store.lock_request(
            session, placing.jurisdiction_id, placing.service_request_id
        )
    store.keep_photo(session, photo, cleaned.source_type, caller)
    store.end_writing(session, photo.jurisdiction_id, photo.media_id)
    if placing.service_request_id is not None:
        store.add_placement(session, placing, photo.media_id, now)
        _tell(session, outbox, placing, visibility, now)
    return photo


def attach_photos(
    session: Session, outbox: Outbox, placing: Placing, media_ids: Iterable[str], *, now: datetime
) -> None:
    """Place photos that were brought before at their request.

    Raises NotFound, naming it, when the jurisdiction has no such photo.
    """
    visibility = store.lock_request(
        session, placing.jurisdiction_id, placing.service_request_id or ""
    )
    for media_id in sorted(set(media_ids)):
        if not store.add_placement(session, placing, media_id, now):
            raise NotFound(
                f"photo {media_id} is not known in {placing.jurisdiction_id}; request "
                f"{placing.service_request_id} cannot show it as {placing.role}"
            )
    _tell(session, outbox, placing, visibility, now)


def hear_request(
    session: Session,
    outbox: Outbox,
    placing: Placing,
    visibility: str,
    *,
    sequence: int,
    now: datetime,
) -> None:
    """Set who may see a request's photos, as intake last said, and tell what waited for it."""
    request = (placing.jurisdiction_id, placing.service_request_id or "")
    store.lock_request(session, *request)
    store.hear_visibility(session, *request, visibility, sequence)
    _tell(session, outbox, placing, visibility, now)


def _tell(
    session: Session, outbox: Outbox, placing: Placing, visibility: str | None, now: datetime
) -> None:
    """Tell each placement once, and only of requests that intake has confirmed.

    A photo may come before its request is committed, and the request may never be: nobody else
    must count a photo of a request that does not exist.
    """
    if visibility is None:
        return
    request = (placing.jurisdiction_id, placing.service_request_id or "")
    for placed, photo, sequence in store.take_untold(session, *request):
        outbox.put(session, **wire.media_stored(placed, photo, sequence, now))


def find_photo(session: Session, media_id: str, caller: Caller | None) -> tuple[Photo, bool]:
    """Return a photo and whether it is public; raises NotFound unless the caller may see it."""
    photo = store.find_public_photo(session, media_id)
    if photo:
        return photo, True
    for hidden in store.find_photos(session, media_id) if caller else ():
        if caller and caller.sees(hidden.jurisdiction_id):
            return hidden, False
    raise NotFound(f"photo {media_id[: len('0' * 64)]} was not found")


def open_upload(
    session: Session,
    upload_id: str,
    placing: Placing,
    caller: str,
    content_type: str,
    *,
    now: datetime,
    ttl_s: int,
) -> Upload:
    """Make room for one presigned upload."""
    upload = Upload(
        upload_id=upload_id,
        placing=placing,
        caller=caller,
        content_type=content_type,
        created_at=now,
        expires_at=now + timedelta(seconds=ttl_s),
    )
    store.add_upload(session, upload)
    return upload


def find_upload(session: Session, upload_id: str, caller: Caller) -> Upload:
    """Return an upload; raises NotFound unless the caller opened it."""
    upload = store.find_upload(session, upload_id)
    if upload is None or upload.caller != caller.name:
        raise NotFound(f"upload {upload_id} was not found")
    return upload


def photo_of_upload(session: Session, upload: Upload) -> Photo | None:
    """Return the photo that a completed upload became, None while it is not completed."""
    if upload.media_id is None:
        return None
    photos = store.find_photos(session, upload.media_id)
    mine = (one for one in photos if one.jurisdiction_id == upload.placing.jurisdiction_id)
    return next(mine, None)
