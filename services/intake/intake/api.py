"""The HTTP door: one method per operationId; reads, opens the transaction, shapes the answer."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from anyio import to_thread
from servicekit import georeport, keys, web
from servicekit.errors import BadInput, Forbidden, NotFound, Unavailable
from servicekit.groupcommit import GroupCommit
from servicekit.packs import Pack
from servicekit.packs import Service as PackService
from sqlalchemy.orm import Session, sessionmaker

from intake import actions, domain, store, wire
from intake.keyring import Keyring
from intake.photos import Photos

MAX_PHOTOS = 10
_TRIES = 3  # an id that is taken already is drawn anew
_ALLOWED_IN_REPORTS = ("report", "import", "operator", "administrator")


@dataclass(frozen=True, kw_only=True)
class Api:
    """GeoReport v2 and intake's own operations."""

    db: sessionmaker[Session]
    ground: actions.Ground
    photos: Photos
    keys: Keyring
    writer: GroupCommit[store.Submission]
    now: Callable[[], datetime]

    def get_site_discovery(
        self,
        format: str,  # noqa: A002 - the contract's word
        jurisdiction_id: str | None = None,
    ) -> web.Answer:
        """Say where the endpoints are."""
        return self.get_discovery(format, jurisdiction_id)

    def get_discovery(
        self,
        format: str,  # noqa: A002 - the contract's word
        jurisdiction_id: str | None = None,
    ) -> web.Answer:
        """Say where the endpoints are; they are the same for each city that we know."""
        if jurisdiction_id is not None:
            self._pack(jurisdiction_id)
        found = wire.discovery(self.packs, self.ground.public_url, self._changeset)
        return _answer(*georeport.encode_object("discovery", found, format))

    def get_services(
        self,
        format: str,  # noqa: A002 - the contract's word
        jurisdiction_id: str | None = None,
        locale: str | None = None,
        group: str | None = None,
        keyword: str | None = None,
    ) -> web.Answer:
        """List the services of a city."""
        pack = self._pack(jurisdiction_id)
        language = wire.language_of(pack, locale, web.header("accept-language"))
        rows = wire.service_list(pack, language, group=group, keyword=keyword)
        return _answer(*georeport.encode("services", "service", rows, format))

    def get_service_definition(
        self,
        service_code: str,
        format: str,  # noqa: A002 - the contract's word
        jurisdiction_id: str | None = None,
        locale: str | None = None,
    ) -> web.Answer:
        """List the questions of a service."""
        pack = self._pack(jurisdiction_id)
        service = _service(pack, service_code)
        language = wire.language_of(pack, locale, web.header("accept-language"))
        found = wire.definition(service, language)
        return _answer(*georeport.encode_object("service_definition", found, format))

    async def post_request(
        self,
        format: str,  # noqa: A002 - the contract's word
        jurisdiction_id: str | None = None,
        api_key: str | None = None,
    ) -> web.Answer:
        """Take in a report."""
        return await self._take(format, jurisdiction_id, api_key, _ALLOWED_IN_REPORTS)

    async def post_import(
        self, jurisdiction_id: str | None = None, api_key: str | None = None
    ) -> web.Answer:
        """Take in a report of the past."""
        return await self._take(
            georeport.JSON, jurisdiction_id, api_key, ("import",), imported=True
        )

    def get_requests(
        self,
        format: str,  # noqa: A002 - the contract's word
        jurisdiction_id: str | None = None,
        **given: Any,
    ) -> web.Answer:
        """List public requests."""
        pack = self._pack(jurisdiction_id)
        fields = wire.Fields(_pairs(given))
        search = wire.read_search(fields, pack, self.now())
        if _wants_extensions(fields.get("extensions")):
            with self.db.begin() as session:
                found = store.search_requests(session, search)
            rows = [wire.extended(request, self.ground.public_url) for request in found]
            return _answer(*georeport.encode("service_requests", "request", rows, format))
        with self.db.begin() as session:
            fragments = store.search_fragments(session, search, format)
        return _joined(fragments, format)

    def get_request(
        self,
        service_request_id: str,
        format: str,  # noqa: A002 - the contract's word
        jurisdiction_id: str | None = None,
        extensions: str | None = None,
    ) -> web.Answer:
        """Return one public request."""
        pack = self._pack(jurisdiction_id)
        if not georeport.legal(service_request_id):
            raise _unknown("service_request_id", service_request_id)
        if _wants_extensions(extensions):
            with self.db.begin() as session:
                request = store.public_request(session, pack.jurisdiction_id, service_request_id)
            if request is None:
                raise _unknown("service_request_id", service_request_id)
            row = wire.extended(request, self.ground.public_url)
            return _answer(*georeport.encode("service_requests", "request", [row], format))
        with self.db.begin() as session:
            fragment = store.public_fragment(
                session, pack.jurisdiction_id, service_request_id, format
            )
        if fragment is None:
            raise _unknown("service_request_id", service_request_id)
        return _joined([fragment], format)

    def get_token(
        self,
        token: str,
        format: str,  # noqa: A002 - the contract's word
        jurisdiction_id: str | None = None,
    ) -> web.Answer:
        """Say which id a token stands for, as soon as it has one."""
        pack = self._pack(jurisdiction_id)
        request = None
        if georeport.legal(token):
            with self.db.begin() as session:
                request = store.find_token(session, pack.jurisdiction_id, token)
        if request is None:
            raise _unknown("token", token)
        row = wire.token_receipt(request)
        return _answer(*georeport.encode("service_requests", "request", [row], format))

    def put_visibility(self, service_request_id: str, body: Mapping[str, Any]) -> dict[str, str]:
        """Publish, accept or hide a request."""
        with self.db.begin() as session:
            key = keys.require(
                session, store.API_KEY, web.bearer(), "operator", "ombudsman", "administrator"
            )
            request = store.find_request(session, _legal_id(service_request_id))
            if request is None or not key.may_in(request.jurisdiction_id):
                raise _unknown("service_request_id", service_request_id)
            changed = actions.set_visibility(
                session,
                self.ground,
                service_request_id,
                body["visibility"],
                reason=body.get("reason"),
                now=self.now(),
            )
        return {"service_request_id": service_request_id, "visibility": changed.visibility}

    @property
    def packs(self) -> Iterable[Pack]:
        """The cities, in the order of their folders."""
        return self.ground.packs.values()

    @cached_property
    def _changeset(self) -> str:
        versions = (georeport.read_datetime(pack.services_version) for pack in self.packs)
        return georeport.write_datetime(max(versions))

    def _pack(self, jurisdiction_id: str | None) -> Pack:
        """Return the city asked for; one-city installations need not be told which."""
        if jurisdiction_id is not None and not georeport.blank(jurisdiction_id):
            return self.ground.pack(jurisdiction_id.strip())
        if len(self.ground.packs) > 1:
            raise BadInput("jurisdiction_id required")
        return next(iter(self.packs))

    async def _take(
        self,
        fmt: str,
        jurisdiction_id: str | None,
        api_key: str | None,
        roles: tuple[str, ...],
        *,
        imported: bool = False,
    ) -> web.Answer:
        """Check in GeoReport's order: jurisdiction, key, service, the rest; then record."""
        form = web.form()
        fields = wire.Fields(form.fields)
        pack = self._pack(fields.get("jurisdiction_id") or jurisdiction_id)
        await self._require_key(pack, fields.get("api_key") or api_key or web.bearer(), roles)
        service = _service(pack, fields.get("service_code"))
        language = wire.language_of(pack, fields.get("locale"), web.header("accept-language"))
        report = wire.read_report(
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
        request = await self._record(
            report, wire.service_of(service, pack.city.language), pack, form.files
        )
        row = wire.receipt(request, report.reporter.account_id, blackbox=service.type == "blackbox")
        body, media_type = georeport.encode("service_requests", "request", [row], fmt)
        return web.Answer(
            body=body, status=201, media_type=media_type, headers=self._location(request, row, fmt)
        )

    async def _require_key(self, pack: Pack, text: str | None, roles: tuple[str, ...]) -> None:
        key = self.keys.recall(text)
        if key is None:
            key = await to_thread.run_sync(self.keys.find, text)
        if not key.has(*roles):
            raise Forbidden(f"this needs a key with role {' or '.join(roles)}")
        if not key.may_in(pack.jurisdiction_id):
            raise Forbidden("api_key is not good for this jurisdiction_id")

    async def _record(
        self,
        report: domain.Report,
        service: domain.Service,
        pack: Pack,
        files: Sequence[web.Upload],
    ) -> domain.Request:
        """Keep the photos, then the request; an id that is taken already is drawn anew."""
        for _ in range(_TRIES):
            identity = domain.new_id(pack.city.request_id_prefix)
            photos = await self._keep(files, pack, identity) if files else []
            now = self.now()
            request = domain.open_request(
                report, service, photos, service_request_id=identity, now=now
            )
            rows = actions.write_submission(self.ground, request, report.reporter, now=now)
            try:
                await self.writer.put(rows)
            except store.IdTaken:
                continue
            return request
        raise Unavailable("no id could be found for the report; try again")

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

    def _location(
        self, request: domain.Request, row: Mapping[str, Any], fmt: str
    ) -> dict[str, str]:
        """Return where the answer can be read later, if anywhere."""
        root = f"{self.ground.public_url}/open311/v2"
        asked = f"{fmt}?jurisdiction_id={request.jurisdiction_id}"
        if "token" in row:
            return {"Location": f"{root}/tokens/{row['token']}.{asked}"}
        if "service_request_id" in row and request.visibility == "public":
            return {"Location": f"{root}/requests/{row['service_request_id']}.{asked}"}
        return {}


def _service(pack: Pack, service_code: str | None) -> PackService:
    if service_code is None:
        raise BadInput("service_code required")
    service = pack.services.get(service_code)
    if service is None:
        raise _unknown("service_code", service_code)
    return service


def _unknown(name: str, value: str) -> NotFound:
    return NotFound(f'{name} "{value[:100]}" was not found')


def _legal_id(service_request_id: str) -> str:
    if not georeport.legal(service_request_id):
        raise _unknown("service_request_id", service_request_id)
    return service_request_id


def _pairs(given: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for name, value in given.items():
        for one in value if isinstance(value, list) else [value]:
            yield name, str(one)


def _wants_extensions(given: str | None) -> bool:
    return (given or "").strip().lower() in {"true", "1", "yes"}


def _joined(fragments: list[bytes], fmt: str) -> web.Answer:
    if fmt == georeport.XML:
        body = georeport.join_xml("service_requests", fragments)
    else:
        body = georeport.join_json(fragments)
    return _answer(body, georeport.MEDIA_TYPES[fmt])


def _answer(body: bytes, media_type: str) -> web.Answer:
    return web.Answer(body=body, media_type=media_type)
