"""The HTTP door: one method per operationId; opens the transactions, asks one action at a time."""

import io
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO, Self, cast

import orjson
import prometheus_client as prometheus
from anyio import CapacityLimiter, to_thread
from prometheus_client import CollectorRegistry
from servicekit import web
from servicekit.blobs import Blobs
from servicekit.errors import BadInput, Conflict, ServiceError
from servicekit.metrics import Counter, Histogram
from servicekit.outbox import Outbox
from servicekit.photolinks import PhotoLinks
from sqlalchemy.orm import Session, sessionmaker

from media import actions, domain, store, wire
from media.darkroom import Darkroom
from media.domain import Caller, Photo, Placing, Upload, exif, picture
from media.store import shelf

_PUBLIC_CACHE = "public, max-age=31536000, immutable"
_HIDDEN_CACHE = "private, no-store"


_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Figures:
    """What Prometheus is told by the role serve."""

    uploads: prometheus.Counter
    kept: prometheus.Counter
    served: prometheus.Counter
    seconds: prometheus.Histogram
    died: prometheus.Counter

    @classmethod
    def of(cls, registry: CollectorRegistry) -> Self:
        """Make them in a registry."""
        return cls(
            uploads=Counter("media_uploads", "Photos brought, by outcome", registry, ["outcome"]),
            kept=Counter("media_kept_bytes", "Bytes of renditions made", registry),
            served=Counter("media_served_bytes", "Bytes of photos served", registry),
            seconds=Histogram(
                "media_photo_seconds", "Time to clean one photo", registry, buckets=_SECONDS
            ),
            died=Counter("media_decoder_deaths", "Decoders that died at work", registry),
        )


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What is taken, from whom, and where the store is for those outside."""

    most_bytes: int
    service_token: str = field(repr=False)
    store_url: str
    upload_ttl_s: int


@dataclass(frozen=True, kw_only=True)
class Api:
    """Photos over HTTP."""

    terms: Terms
    db: sessionmaker[Session]
    outbox: Outbox
    blobs: Blobs
    darkroom: Darkroom
    links: PhotoLinks
    figures: Figures
    now: Callable[[], datetime]
    # Pictures are decoded a few at a time, so that memory is bounded however many arrive; the
    # others wait with their bytes on disk, and reading photos does not wait for them.
    _decoders: list[CapacityLimiter] = field(default_factory=list)

    async def post_photo(self, body: dict[str, Any]) -> web.Answer:
        """Clean and keep the photo of a multipart form."""
        token, form = web.bearer(), web.form()
        caller = await to_thread.run_sync(self._require_caller, token)
        placing = _placing(body)
        caller.check_may_bring(placing)
        if len(form.files) != 1:
            raise BadInput("file must be exactly one file with content")
        file = form.files[0].file
        answer = await self._decoded(lambda: self._keep(file, placing, caller))
        headers = {"Location": f"/media/v1/photos/{answer['media_id']}"}
        return web.Answer(body=orjson.dumps(answer), status=201, headers=headers)

    def post_upload(self, body: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """Sign a form with which the caller may send one file to the store."""
        now, terms = self.now(), self.terms
        placing = _placing(body)
        with self.db.begin() as session:
            caller = actions.require_caller(session, web.bearer(), terms.service_token)
            caller.check_may_bring(placing)
            upload = actions.open_upload(
                session,
                uuid.uuid4().hex,
                placing,
                caller.name,
                body["content_type"],
                now=now,
                ttl_s=terms.upload_ttl_s,
            )
        signed = self.blobs.presigned_post(
            upload.key,
            now=now,
            ttl_s=terms.upload_ttl_s,
            content_type=upload.content_type,
            most_bytes=terms.most_bytes,
        )
        url = f"{terms.store_url}/{self.blobs.bucket}"
        return wire.upload_form(upload, url, signed.fields, terms.most_bytes), 201

    async def complete_upload(self, upload_id: str) -> dict[str, Any]:
        """Clean and keep what arrived through a presigned upload."""
        token = web.bearer()
        return await self._decoded(lambda: self._complete(upload_id, token))

    def get_photo(self, media_id: str) -> dict[str, Any]:
        """Return the facts of a photo."""
        return wire.photo_facts(self._find(media_id)[0])

    def get_rendition(
        self, media_id: str, size: str, expires: int | None = None, signature: str | None = None
    ) -> web.Answer:
        """Return the picture, a part of it, or word that the client has it."""
        shown = self.links.opens(media_id, size, expires, signature, self.now())
        photo, public = self._find(media_id, shown=shown)
        kept_as = photo.kept_as(size)
        total = photo.sizes[kept_as].bytes
        etag = f'"{media_id}-{kept_as}"'
        headers = {
            "ETag": etag,
            "Cache-Control": _PUBLIC_CACHE if public else _HIDDEN_CACHE,
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'",
            "Accept-Ranges": "bytes",
        }
        if _knows(web.header("if-none-match"), etag):
            return web.Answer(status=304, headers=headers)
        part = None
        if web.header("if-range") in {None, etag}:
            part = domain.part_of(web.header("range"), total)
        data = shelf.read(self.blobs, photo, kept_as, part)
        if part:
            last = part.offset + part.length - 1
            headers["Content-Range"] = f"bytes {part.offset}-{last}/{total}"
        self.figures.served.inc(len(data))
        status = 206 if part else 200
        return web.Answer(
            body=data, status=status, media_type=picture.CONTENT_TYPE, headers=headers
        )

    # --- helpers of the doors above

    def _require_caller(self, token: str | None) -> Caller:
        with self.db.begin() as session:
            return actions.require_caller(session, token, self.terms.service_token)

    async def _decoded(self, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        if not self._decoders:  # made here, because a limiter belongs to a running loop
            self._decoders.append(CapacityLimiter(self.darkroom.processes))
        return await to_thread.run_sync(work, limiter=self._decoders[0])

    def _find(self, media_id: str, *, shown: bool = False) -> tuple[Photo, bool]:
        token = web.bearer()
        with self.db() as session:
            caller = actions.OUR_OWN if shown else None
            if token and not shown:
                caller = actions.find_caller(session, token, self.terms.service_token)
            return actions.find_photo(session, media_id, caller)

    def _keep(self, file: BinaryIO, placing: Placing, caller: Caller) -> dict[str, Any]:
        """Clean, write the objects, then the row; a death in between leaves a row in writing."""
        with self._counted():
            cleaned = self._clean(file)
            with self.db.begin() as session:
                store.begin_writing(session, placing.jurisdiction_id, cleaned.media_id, self.now())
            shelf.put(self.blobs, placing.jurisdiction_id, cleaned)
            with self.db.begin() as session:
                photo = actions.keep_photo(
                    session, self.outbox, cleaned, placing, caller.name, now=self.now()
                )
        return wire.receipt(photo, placing, cleaned.hints)

    def _clean(self, file: BinaryIO) -> picture.Picture:
        began = time.perf_counter()
        cleaned = self.darkroom.clean(file)
        self.figures.seconds.observe(time.perf_counter() - began)
        self.figures.kept.inc(sum(len(one.data) for one in cleaned.renditions.values()))
        return cleaned

    @contextmanager
    def _counted(self) -> Iterator[None]:
        outcome = "failed"
        try:
            yield
            outcome = "stored"
        except ServiceError as refusal:
            outcome = "failed" if refusal.status >= 500 else "refused"  # noqa: PLR2004 - HTTP
            raise
        finally:
            self.figures.uploads.labels(outcome).inc()

    def _complete(self, upload_id: str, token: str | None) -> dict[str, Any]:
        with self.db.begin() as session:
            caller = actions.require_caller(session, token, self.terms.service_token)
            upload = actions.find_upload(session, upload_id, caller)
            done = actions.photo_of_upload(session, upload)
        if done:
            return wire.receipt(done, upload.placing, exif.Hints())
        data = shelf.arrived(self.blobs, upload, self.terms.most_bytes)
        if data is None:
            raise Conflict(f"nothing has arrived for upload {upload_id} yet")
        answer = self._kept_upload(upload, data, caller)
        self.blobs.delete(upload.key)
        return answer

    def _kept_upload(self, upload: Upload, data: bytes, caller: Caller) -> dict[str, Any]:
        try:
            answer = self._keep(io.BytesIO(data), upload.placing, caller)
        except ServiceError as refusal:
            if refusal.status < 500:  # noqa: PLR2004 - what is refused is not kept either
                self.blobs.delete(upload.key)
            raise
        with self.db.begin() as session:
            store.complete_upload(session, upload.upload_id, answer["media_id"])
        return answer


def _placing(body: dict[str, Any]) -> Placing:
    return Placing(
        jurisdiction_id=body["jurisdiction_id"].strip(),
        role=cast("domain.Role", body["role"]),
        service_request_id=(body.get("service_request_id") or "").strip() or None,
    )


def _knows(header: str | None, etag: str) -> bool:
    known = [one.strip().removeprefix("W/") for one in (header or "").split(",")]
    return etag in known or known == ["*"]
