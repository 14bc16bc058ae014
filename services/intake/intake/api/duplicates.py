"""The door that tells whether something was reported before."""

from dataclasses import dataclass

from servicekit import georeport, web
from sqlalchemy.orm import Session, sessionmaker

from intake import actions, store, wire
from intake.api.answers import answer, city, service_of


@dataclass(frozen=True, kw_only=True)
class Duplicates:
    """GET duplicates, with an extension and without."""

    db: sessionmaker[Session]
    ground: actions.Ground

    def get_duplicates(
        self,
        format: str,  # noqa: A002 - the contract's word
        jurisdiction_id: str | None = None,
        service_code: str | None = None,
        lat: str | None = None,
        long: str | None = None,
    ) -> web.Answer:
        """List open public requests that a report from a place may only repeat, nearest first."""
        pack = city(self.ground, jurisdiction_id)
        service = service_of(pack, service_code and service_code.strip())
        spot = store.Spot(*wire.read_place(lat, long), service.duplicate_radius_m)
        with self.db.begin() as session:
            found = store.open_nearby(session, pack.jurisdiction_id, service.service_code, spot)
        url = self.ground.public_url
        rows = [wire.with_distance(near.request, near.distance_m, url) for near in found]
        return answer(*georeport.encode("service_requests", "request", rows, format))

    def get_duplicates_as_json(
        self,
        jurisdiction_id: str | None = None,
        service_code: str | None = None,
        lat: str | None = None,
        long: str | None = None,
    ) -> web.Answer:
        """Answer the same without an extension."""
        return self.get_duplicates(georeport.JSON, jurisdiction_id, service_code, lat, long)
