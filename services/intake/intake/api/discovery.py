"""What a city offers: discovery, services, service definitions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from servicekit import georeport, web
from servicekit.packs import Pack
from servicekit.web import caching

from intake import actions, wire
from intake.api.answers import answer, city, service_of, wants_extensions
from intake.definitions import Definitions


@dataclass(frozen=True, kw_only=True)
class Discovery:
    """The door for those who do not know the city yet."""

    ground: actions.Ground
    definitions: Definitions
    endpoints: Sequence[wire.Endpoint]
    _lists: dict[tuple[str, str, str], tuple[bytes, str, str]] = field(default_factory=dict)

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
            city(self.ground, jurisdiction_id)
        found = wire.discovery(self.packs, self.endpoints, self._changeset)
        said = answer(*georeport.encode_object("discovery", found, format))
        return caching.cached(said, control=caching.A_WHILE)

    async def get_services(
        self,
        format: str,  # noqa: A002 - the contract's word
        jurisdiction_id: str | None = None,
        locale: str | None = None,
        group: str | None = None,
        keyword: str | None = None,
        lat: str | None = None,
        long: str | None = None,
    ) -> web.Answer:
        """List the services of a city, all or those offered at a place."""
        pack = city(self.ground, jurisdiction_id)
        language = wire.language_of(pack, locale, web.header("accept-language"))
        if group is None and keyword is None and lat is None and long is None:
            body, media_type, tag = self._whole_list(pack, language, format)
            return _kept(answer(body, media_type), tag)
        asked = lat is not None or long is not None
        place = wire.read_place(lat, long) if asked else None
        rows = wire.service_list(pack, language, group=group, keyword=keyword, place=place)
        return _kept(answer(*georeport.encode("services", "service", rows, format)))

    def _whole_list(self, pack: Pack, language: str, fmt: str) -> tuple[bytes, str, str]:
        """Return all services of a city and their tag, written once for each language."""
        key = (pack.jurisdiction_id, language, fmt)
        if key not in self._lists:
            rows = wire.service_list(pack, language)
            body, media_type = georeport.encode("services", "service", rows, fmt)
            self._lists[key] = body, media_type, caching.tag_of(body)
        return self._lists[key]

    def get_service_definition(
        self,
        service_code: str,
        format: str,  # noqa: A002 - the contract's word
        jurisdiction_id: str | None = None,
        locale: str | None = None,
        extensions: str | None = None,
    ) -> web.Answer:
        """List the questions of a service, and say which version of them this is."""
        pack = city(self.ground, jurisdiction_id)
        service = service_of(pack, service_code)
        language = wire.language_of(pack, locale, web.header("accept-language"))
        found, version = wire.definition(service, language), self.definitions.version(pack, service)
        if wants_extensions(extensions):
            found["definition_version"] = version
        body, media_type = georeport.encode_object("service_definition", found, format)
        told = {"Definition-Version": version}
        return _kept(web.Answer(body=body, media_type=media_type, headers=told))

    @property
    def packs(self) -> Iterable[Pack]:
        """The cities, in the order of their folders."""
        return self.ground.packs.values()

    @property
    def _changeset(self) -> str:
        """When what can be reported changed: as the packs say, or as it was seen to."""
        said = [georeport.read_datetime(pack.services_version) for pack in self.packs]
        seen = self.definitions.changed()
        return georeport.write_datetime(max([*said, seen] if seen else said))


def _kept(said: web.Answer, tag: str | None = None) -> web.Answer:
    """Let an answer be kept for a while, for those who read the same language."""
    return caching.cached(said, tag=tag, control=caching.A_WHILE, vary="Accept-Language")
