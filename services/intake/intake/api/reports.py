"""The door that takes reports in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from anyio import to_thread
from servicekit import georeport, web
from servicekit.errors import BadInput, Forbidden, Unavailable
from servicekit.groupcommit import GroupCommit
from servicekit.packs import Pack

from intake import actions, domain, store, wire
from intake.api.answers import city, service_of
from intake.keyring import Keyring
from intake.photos import Photos

MAX_PHOTOS = 10
_TRIES = 3  # an id that is taken already is drawn anew
_ALLOWED_IN_REPORTS = ("report", "import", "operator", "administrator")


@dataclass(frozen=True, kw_only=True)
class Reports:
    """POST requests, and the import of reports of the past."""

    ground: actions.Ground
    photos: Photos
    keys: Keyring
    writer: GroupCommit[store.Submission]
    now: Callable[[], datetime]

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
        pack = city(self.ground, fields.get("jurisdiction_id") or jurisdiction_id)
        await self._require_key(pack, fields.get("api_key") or api_key or web.bearer(), roles)
        service = service_of(pack, fields.get("service_code"))
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
        key = await self.keys.enter(text)
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
