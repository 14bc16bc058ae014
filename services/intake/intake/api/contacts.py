"""The door for staff who listens to a citizen and types in what they report."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from servicekit import web
from servicekit.errors import BadInput, NotFound, Refusals, ServiceError
from servicekit.packs import Pack
from servicekit.packs import Service as PackService
from servicekit.people import Person

from intake import actions, domain, wire
from intake.api.answers import city, service_of
from intake.api.reports import MAX_PHOTOS, Reports
from intake.staff import Staff

_PERSONAL = {"Cache-Control": "no-store"}


@dataclass(frozen=True, kw_only=True)
class Contacts:
    """Phone calls, visits and letters become requests as the citizens' own reports do."""

    ground: actions.Ground
    reports: Reports
    staff: Staff
    now: Callable[[], datetime]

    async def post_contact(
        self, jurisdiction_id: str | None = None, client_request_id: str | None = None
    ) -> web.Answer:
        """Take in what a citizen said; the same entry sent again is made once."""
        person, form = await self.staff.enter("post_contact"), web.form()
        fields = wire.Fields(form.fields)
        pack = self._city(person, fields.get("jurisdiction_id") or jurisdiction_id)
        named = fields.get("client_request_id") or client_request_id
        named = wire.read_client_request_id(named, web.header("idempotency-key"))
        once = None
        if named:
            sender = f"contact:{person.subject}"
            once = await self.reports.once(sender, pack, fields, named, form.files)
        try:
            service = service_of(pack, fields.get("service_code"))
            contact, report = await self._read(fields, pack, service, person)
            if len(form.files) > MAX_PHOTOS:
                raise BadInput(f"a report takes at most {MAX_PHOTOS} photos")
        except ServiceError:
            first = await self.reports.first(once)
            if first is None:
                raise
            return self._answer(first, pack)
        about = wire.service_of(service, pack.city.language)
        kept = await self.reports.record(
            report, about, pack, form.files, once, {}, entry=contact.entry
        )
        return self._answer(kept, pack)

    def _city(self, person: Person, wished: str | None) -> Pack:
        """Return the city meant: for who is good for one, that; raises NotFound out of reach."""
        own = [name for name in self.ground.packs if person.may_in(name)]
        pack = city(self.ground, wished or (own[0] if len(own) == 1 else None))
        if pack.jurisdiction_id not in own:
            raise NotFound(f"jurisdiction_id {pack.jurisdiction_id!r} was not found")
        return pack

    async def _read(
        self, fields: wire.Fields, pack: Pack, service: PackService, person: Person
    ) -> tuple[wire.Contact, domain.Report]:
        """Read the contact and the report; raises Refusals with all that is wrong in either."""
        now, faults = self.now(), list[str]()
        contact = report = None
        try:
            contact = wire.read_contact(fields, pack.city.zone, subject=person.subject, now=now)
        except Refusals as refused:
            faults += refused.descriptions
        try:
            report = await self.reports.definitions.read_soon(
                fields,
                pack,
                service,
                channel=contact.channel if contact else "desk",
                language=wire.language_of(pack, fields.get("locale")),
                now=now,
            )
        except Refusals as refused:
            faults += refused.descriptions
        if contact is None or report is None:
            raise Refusals(faults)
        return contact, contact.of(report)

    def _answer(self, kept: domain.FirstAnswer, pack: Pack) -> web.Answer:
        said = wire.contact_receipt(
            kept,
            pack.jurisdiction_id,
            public_url=self.ground.public_url,
            secret_key=self.ground.secret_key,
        )
        return web.json_answer(said, status=201, headers=_PERSONAL)
