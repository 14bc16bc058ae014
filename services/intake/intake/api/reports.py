"""The door that takes reports in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from anyio import to_thread
from servicekit import georeport, web
from servicekit.errors import BadInput, Forbidden, ServiceError, Unavailable
from servicekit.groupcommit import GroupCommit
from servicekit.keys import Key
from servicekit.packs import Pack
from servicekit.packs import Service as PackService
from sqlalchemy.orm import Session, sessionmaker

from intake import actions, domain, store, wire
from intake.api.answers import city, service_of, wants_extensions
from intake.definitions import Definitions
from intake.domain import rights
from intake.keyring import Keyring
from intake.photos import Photos

MAX_PHOTOS = 10
_TRIES = 3  # an id that is taken already is drawn anew


@dataclass(frozen=True, slots=True)
class Sent:
    """What may stand in the query as well as in the form, which counts more."""

    jurisdiction_id: str | None
    api_key: str | None
    client_request_id: str | None
    extensions: str | None = None


@dataclass(frozen=True, kw_only=True)
class Reports:
    """POST requests, and the import of reports of the past."""

    db: sessionmaker[Session]
    ground: actions.Ground
    photos: Photos
    keys: Keyring
    definitions: Definitions
    writer: GroupCommit[store.Submission, domain.FirstAnswer | None]
    now: Callable[[], datetime]

    async def post_request(
        self,
        format: str,  # noqa: A002 - the contract's word
        jurisdiction_id: str | None = None,
        api_key: str | None = None,
        client_request_id: str | None = None,
        extensions: str | None = None,
    ) -> web.Answer:
        """Take in a report."""
        sent = Sent(jurisdiction_id, api_key, client_request_id, extensions)
        return await self._take(format, sent, "post_request")

    async def post_import(
        self,
        jurisdiction_id: str | None = None,
        api_key: str | None = None,
        client_request_id: str | None = None,
    ) -> web.Answer:
        """Take in a report of the past."""
        sent = Sent(jurisdiction_id, api_key, client_request_id)
        return await self._take(georeport.JSON, sent, "post_import", imported=True)

    async def _take(
        self,
        fmt: str,
        sent: Sent,
        call: str,
        *,
        imported: bool = False,
    ) -> web.Answer:
        """Check in GeoReport's order: jurisdiction, key, service, the rest; then record.

        A report that was sent before gets its first answer, also when it would be refused today.
        """
        form = web.form()
        fields = wire.Fields(form.fields)
        pack = city(self.ground, fields.get("jurisdiction_id") or sent.jurisdiction_id)
        text = fields.get("api_key") or sent.api_key or web.bearer()
        key = await self._require_key(pack, text, call)
        named = fields.get("client_request_id") or sent.client_request_id
        named = wire.read_client_request_id(named, web.header("idempotency-key"))
        once = await self.once(key.id, pack, fields, named, form.files) if named else None
        try:
            service = service_of(pack, fields.get("service_code"))
            language = wire.language_of(pack, fields.get("locale"), web.header("accept-language"))
            report = await self.definitions.read_soon(
                fields,
                pack,
                service,
                channel="app",
                language=language,
                now=self.now(),
                imported=imported,
            )
            if len(form.files) > MAX_PHOTOS:
                raise BadInput(f"a report takes at most {MAX_PHOTOS} photos")
        except ServiceError:
            first = await self.first(once)
            if first is None:
                raise
            return self._answer(first, fields.get("account_id"), pack, fmt)
        extended = wants_extensions(fields.get("extensions") or sent.extensions)
        more = await self._more(report, service) if extended else {}
        kept = await self.record(
            report, wire.service_of(service, pack.city.language), pack, form.files, once, more
        )
        return self._answer(kept, report.reporter.account_id, pack, fmt)

    async def _require_key(self, pack: Pack, text: str | None, call: str) -> Key:
        key = await self.keys.enter(text)
        rights.scopes(call, key.roles)
        if not key.may_in(pack.jurisdiction_id):
            raise Forbidden("api_key is not good for this jurisdiction_id")
        return key

    async def once(
        self,
        sender: str,
        pack: Pack,
        fields: wire.Fields,
        named: str,
        files: Sequence[web.Upload],
    ) -> domain.Once:
        """Return what makes this report known when it is sent again."""
        streams = [upload.file for upload in files]

        def said() -> str:
            return wire.fingerprint(fields, pack.jurisdiction_id, streams)

        digest = await to_thread.run_sync(said) if files else said()
        return domain.Once(key_id=sender, client_request_id=named, fingerprint=digest)

    async def first(self, once: domain.Once | None) -> domain.FirstAnswer | None:
        """Return the answer to a report that was sent before; raises Mismatch."""
        if once is None:
            return None

        def find() -> domain.FirstAnswer | None:
            with self.db.begin() as session:
                return store.first_answer(session, once)

        first = await to_thread.run_sync(find)
        return wire.same_report(first, once) if first else None

    async def record(
        self,
        report: domain.Report,
        service: domain.Service,
        pack: Pack,
        files: Sequence[web.Upload],
        once: domain.Once | None,
        more: Mapping[str, Any],
        entry: domain.Entry | None = None,
    ) -> domain.FirstAnswer:
        """Keep the photos, then the request; an id that is taken already is drawn anew.

        Returns the answer, which is the first one for a report that was sent before. ``entry``
        says who of the staff typed it in.
        """
        prefix = pack.city.request_id_prefix
        identity = self._identity(prefix, once)
        for _ in range(_TRIES):
            if files:
                first = await self.first(once)
                if first is not None:
                    return first
            photos = await self._keep(files, pack, identity) if files else []
            now = self.now()
            request = domain.open_request(
                report, service, photos, service_request_id=identity, now=now
            )
            blackbox = service.type == "blackbox"
            answer = wire.first_answer(request, once, blackbox=blackbox, more=more)
            rows = actions.write_submission(
                self.ground, request, report.reporter, now=now, entry=entry
            )
            if once is not None:
                rows = actions.keep_answer(rows, once, answer, now=now)
            try:
                first = await self.writer.put(rows)
            except store.IdTaken:
                identity = domain.new_id(prefix)
                continue
            return wire.same_report(first, once) if first and once else answer
        raise Unavailable("no id could be found for the report; try again")

    async def _more(self, report: domain.Report, service: PackService) -> Mapping[str, Any]:
        """Return what goes into the answer for who asks: the nearest open request like it."""
        place = report.place
        if place.lat is None or place.long is None:
            return wire.nearest(None)
        spot = store.Spot(place.lat, place.long, service.duplicate_radius_m)

        def find() -> store.Near | None:
            with self.db.begin() as session:
                near = store.open_nearby(
                    session, report.jurisdiction_id, service.service_code, spot, limit=1
                )
            return next(iter(near), None)

        near = await to_thread.run_sync(find)
        return wire.nearest((near.request.service_request_id, near.distance_m) if near else None)

    def _identity(self, prefix: str, once: domain.Once | None) -> str:
        """Return an id: a new one, or that of a report which may have been sent before."""
        if once is None:
            return domain.new_id(prefix)
        return domain.new_id(prefix, wire.drawn(self.ground.secret_key, once))

    async def _keep(
        self, files: Sequence[web.Upload], pack: Pack, identity: str
    ) -> list[domain.Photo]:
        """Hand the photos to media, one after the other, without holding up anybody else."""

        def keep_all() -> list[domain.Photo]:
            kept = []
            for upload in files:
                upload.file.seek(0)
                kept.append(
                    self.photos.keep(
                        upload, jurisdiction_id=pack.jurisdiction_id, service_request_id=identity
                    )
                )
            return kept

        return await to_thread.run_sync(keep_all)

    def _answer(
        self, kept: domain.FirstAnswer, account_id: str | None, pack: Pack, fmt: str
    ) -> web.Answer:
        """Return the receipt, and where the request can be read later, if anywhere."""
        whole = {**kept.answer, "account_id": account_id}
        body, media_type = georeport.encode("service_requests", "request", [whole], fmt)
        headers = {}
        if kept.location:
            root = f"{self.ground.public_url}/open311/v2"
            asked = f"{fmt}?jurisdiction_id={pack.jurisdiction_id}"
            headers["Location"] = f"{root}/{kept.location}.{asked}"
        return web.Answer(body=body, status=201, media_type=media_type, headers=headers)
