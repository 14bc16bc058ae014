"""What services ask and asked: a form that was made before the questions changed still counts."""

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from anyio import to_thread
from servicekit.errors import Refusals
from servicekit.packs import Attribute, Pack, Service
from sqlalchemy.orm import Session, sessionmaker

from intake import domain, store, wire

LIST = ""  # instead of a service_code: the city's service list itself
_REMEMBERED_S = 60.0
Older = list[domain.Definition]


@dataclass
class Definitions:
    """Knows each service's present version, writes it down, and reads reports by older ones."""

    db: sessionmaker[Session]
    packs: Mapping[str, Pack]
    now: Callable[[], datetime]
    accepted: timedelta  # so long a version counts after it was replaced
    tick_s: Callable[[], float] = time.monotonic
    _older: dict[tuple[str, str], tuple[float, Older]] = field(default_factory=dict, repr=False)
    _changed: tuple[float, datetime | None] = (0.0, None)

    @cached_property
    def present(self) -> dict[tuple[str, str], tuple[str, list[dict[str, Any]]]]:
        """Version and questions of every service, by jurisdiction_id and service_code."""
        found = {
            (pack.jurisdiction_id, service.service_code): (
                wire.definition_version(service),
                wire.kept_questions(service),
            )
            for pack in self.packs.values()
            for service in pack.services.values()
        }
        lists: dict[tuple[str, str], tuple[str, list[dict[str, Any]]]] = {
            (pack.jurisdiction_id, LIST): (wire.list_version(pack), [])
            for pack in self.packs.values()
        }
        return found | lists

    def version(self, pack: Pack, service: Service) -> str:
        """Return the version of what a service asks now."""
        return self.present[pack.jurisdiction_id, service.service_code][0]

    def record(self) -> None:
        """Write down what is asked now, if that is news."""
        with self.db.begin() as session:
            store.record_definitions(session, self.present, self.now())

    def changed(self) -> datetime | None:
        """Return when what these cities ask changed last, as known within a minute."""
        until_s, when = self._changed
        if until_s <= self.tick_s():
            with contextlib.suppress(sa.exc.OperationalError):  # else as it was known before
                self.record()
                with self.db.begin() as session:
                    when = store.definitions_changed(session, list(self.packs))
            self._changed = (self.tick_s() + _REMEMBERED_S, when)
        return when

    async def read_soon(
        self, fields: wire.Fields, pack: Pack, service: Service, **how: Any
    ) -> domain.Report:
        """Do as ``read`` does, in the event loop: only older versions are asked of a thread."""
        first = self._by_present(fields, pack, service, how)
        if isinstance(first, domain.Report) and first.definition_version:
            return first
        return await to_thread.run_sync(self._by_older, fields, pack, service, how, first)

    def read(self, fields: wire.Fields, pack: Pack, service: Service, **how: Any) -> domain.Report:
        """Return the report that a form makes, by the questions it was made for.

        Those are the ones asked now; if the form does not fit them, those of the version that it
        names, else the newest that it fits. Such a report is a stale form. Raises Refusals, as
        ``wire.read_report`` does by the questions asked now, when it fits none.
        """
        first = self._by_present(fields, pack, service, how)
        if isinstance(first, domain.Report) and first.definition_version:
            return first
        return self._by_older(fields, pack, service, how, first)

    def _by_present(
        self, fields: wire.Fields, pack: Pack, service: Service, how: Mapping[str, Any]
    ) -> domain.Report | Refusals:
        """Return the report as it is read now; without a version while another may be meant."""
        version, named = self.version(pack, service), fields.get("definition_version")
        settled = version if named in (None, version) else None
        try:
            return wire.read_report(fields, pack, service, **how, version=settled)
        except Refusals as refused:
            return refused

    def _by_older(
        self,
        fields: wire.Fields,
        pack: Pack,
        service: Service,
        how: Mapping[str, Any],
        first: domain.Report | Refusals,
    ) -> domain.Report:
        present = first if isinstance(first, domain.Report) else None
        for version, questions in self._meant(fields, pack, service, present):
            before = dataclasses.replace(service, attributes=questions)
            try:
                report = wire.read_report(fields, pack, before, **how, version=version)
            except Refusals:
                continue
            stale = present is None or report.answers != present.answers
            return dataclasses.replace(report, stale_form=stale)
        if isinstance(first, Refusals):
            raise first
        return dataclasses.replace(first, definition_version=self.version(pack, service))

    def _meant(
        self, fields: wire.Fields, pack: Pack, service: Service, present: domain.Report | None
    ) -> Iterable[tuple[str, tuple[Attribute, ...]]]:
        """Yield the older versions that a form may have been made for: the one it names, or all.

        A form that answers a question of today was not made for a version without it.
        """
        older = [
            (one.version, wire.questions_of(one.attributes)) for one in self._known(pack, service)
        ]
        named = [one for one in older if one[0] == fields.get("definition_version")]
        if named or present is not None:
            return named
        said = wire.answered(fields, service.attributes)
        return [one for one in older if said <= {question.code for question in one[1]}]

    def _known(self, pack: Pack, service: Service) -> Older:
        """Return a service's older versions that still count, as known within a minute."""
        where = (pack.jurisdiction_id, service.service_code)
        until_s, found = self._older.get(where, (0.0, []))
        if until_s <= self.tick_s():
            version, since = self.version(pack, service), self.now() - self.accepted
            self.record()
            with self.db.begin() as session:
                found = store.older_definitions(session, *where, but=version, since=since)
            self._older[where] = (self.tick_s() + _REMEMBERED_S, found)
        return found
