"""The door to updates, as FixMyStreet asks for them and sends them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from servicekit import georeport, web
from servicekit.errors import BadInput
from servicekit.packs import Pack
from sqlalchemy.orm import Session, sessionmaker

from intake import actions, domain, store, wire
from intake.actions import commenting
from intake.api.answers import city, legal_id, may_report, pairs, unknown
from intake.keyring import Keyring
from intake.photos import Photos

MAX_PHOTOS = 10


@dataclass(frozen=True, kw_only=True)
class Updates:
    """GET and POST servicerequestupdates."""

    db: sessionmaker[Session]
    ground: actions.Ground
    photos: Photos
    keys: Keyring
    now: Callable[[], datetime]

    def get_updates(
        self,
        format: str,  # noqa: A002 - the contract's word
        jurisdiction_id: str | None = None,
        **given: Any,
    ) -> web.Answer:
        """List what happened to public requests, oldest first."""
        pack = city(self.ground, jurisdiction_id)
        fields = wire.Fields(pairs(given))
        search = wire.read_update_search(fields, pack, self.now())
        with self.db.begin() as session:
            found = store.list_updates(session, search)
        rows = [wire.update_row(update, self.ground.public_url) for update in found]
        body, media_type = georeport.encode(
            "service_request_updates", "request_update", rows, format
        )
        headers = {}
        if len(rows) == search.page_size:  # there may be more; the window stays as it was
            root = f"{self.ground.public_url}/open311/v2/servicerequestupdates.{format}"
            headers["Link"] = f'<{root}?{urlencode(wire.next_updates(search))}>; rel="next"'
        return web.Answer(body=body, media_type=media_type, headers=headers)

    def post_update(
        self,
        format: str,  # noqa: A002 - the contract's word
        jurisdiction_id: str | None = None,
        api_key: str | None = None,
    ) -> web.Answer:
        """Take in what somebody says about a request; checked in the order of GeoReport's POST."""
        form = web.form()
        fields = wire.Fields(form.fields)
        pack = city(self.ground, fields.get("jurisdiction_id") or jurisdiction_id)
        text = fields.get("api_key") or api_key or web.bearer()
        key = may_report(self.keys, pack, text, "post_update")
        identity = self._request(pack, fields.get("service_request_id"))
        said = wire.read_comment(fields, pack.city.zone, sender=key.id)
        if len(form.files) > MAX_PHOTOS:
            raise BadInput(f"an update takes at most {MAX_PHOTOS} photos")
        with self.db.begin() as session:
            update_id = commenting.said_before(session, pack.jurisdiction_id, identity, said)
        if update_id is None:
            photos = [self._keep(file, pack, identity) for file in form.files]
            with self.db.begin() as session:
                update_id = commenting.take_comment(
                    session, self.ground, identity, said, photos, now=self.now()
                )
        rows = [{"update_id": update_id}]
        body, media_type = georeport.encode(
            "service_request_updates", "request_update", rows, format
        )
        return web.Answer(body=body, status=201, media_type=media_type)

    def _request(self, pack: Pack, service_request_id: str | None) -> str:
        if service_request_id is None:
            raise BadInput("service_request_id required")
        with self.db.begin() as session:
            request = store.public_request(
                session, pack.jurisdiction_id, legal_id(service_request_id)
            )
        if request is None:
            raise unknown("service_request_id", service_request_id)
        return request.service_request_id

    def _keep(self, file: web.Upload, pack: Pack, identity: str) -> domain.Photo:
        """Keep a photo; one whose comment is not taken in after all must not be the report's."""
        file.file.seek(0)
        return self.photos.keep(
            file,
            jurisdiction_id=pack.jurisdiction_id,
            service_request_id=identity,
            role="result",
        )
