"""What tidies up after deaths and changes of mind, and what proves that all is in place."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

import prometheus_client as prometheus
from prometheus_client import CollectorRegistry
from servicekit import logs
from servicekit.blobs import Blobs
from servicekit.metrics import Counter, Gauge
from sqlalchemy.orm import Session, sessionmaker

from media import domain, store
from media.config import Config
from media.store import shelf

log = logs.get(__name__)
SHARDS = tuple(f"{number:02x}" for number in range(256))
MOST_PER_ROUND = 1000


@dataclass(frozen=True)
class Figures:
    """What Prometheus is told by the role tick."""

    collected: prometheus.Counter
    waiting: prometheus.Gauge

    @classmethod
    def of(cls, registry: CollectorRegistry) -> Self:
        """Make them in a registry."""
        return cls(
            collected=Counter("media_orphans", "Orphans collected, by kind", registry, ["kind"]),
            waiting=Gauge(
                "media_stale_writing_photos", "Photos whose writing never ended", registry
            ),
        )


@dataclass(frozen=True, kw_only=True)
class Keeper:
    """The timed work of media; every step may die and be done again."""

    config: Config
    db: sessionmaker[Session]
    blobs: Blobs
    figures: Figures
    now: Callable[[], datetime]

    def collect(self) -> None:
        """Delete objects that no row names, photos nobody placed, and uploads nobody completed."""
        self._forget()
        self._each("objects", self._one_stale_writing)
        self._each("uploads", self._one_expired_upload)
        with self.db() as session:
            self.figures.waiting.set(store.count_writing(session, self._stale()))

    def _stale(self) -> datetime:
        return self.now() - timedelta(seconds=self.config.stale_writing_s)

    def _forget(self) -> None:
        before = self.now() - timedelta(seconds=self.config.forget_unplaced_s)
        with self.db.begin() as session:
            unheard = store.forget_unheard(session, before)
        with self.db.begin() as session:
            unplaced = store.forget_unplaced(session, before)
        self.figures.collected.labels("placements").inc(unheard)
        self.figures.collected.labels("photos").inc(unplaced)

    def _each(self, kind: str, one: Callable[[], bool]) -> None:
        for _ in range(MOST_PER_ROUND):
            if not one():
                return
            self.figures.collected.labels(kind).inc()

    def _one_stale_writing(self) -> bool:
        """Settle one photo whose writing never ended: keep it if it has a row, else delete."""
        with self.db.begin() as session:
            found = store.stale_writing(session, self._stale())
            if found is None:
                return False
            if not store.has_photo(session, *found):
                shelf.remove(self.blobs, *found)
                log.info("orphan collected", jurisdiction_id=found[0], media_id=found[1])
            store.end_writing(session, *found)
        return True

    def _one_expired_upload(self) -> bool:
        with self.db.begin() as session:
            upload = store.expired_upload(session, self._stale())
            if upload is None:
                return False
            self.blobs.delete(upload.key)
            store.remove_upload(session, upload.upload_id)
        return True

    def faults(self) -> Iterator[str]:
        """Compare rows and objects and yield one line per fault; what is under way is none.

        A small size that is missing is no fault: it is drawn again when it is asked for.
        """
        with self.db() as session:
            known = store.jurisdictions(session)
        found = {one.key.split("/", 1)[0] for one in self.blobs.list("", recursive=False)}
        found.discard(domain.PENDING.rstrip("/"))
        for jurisdiction_id in sorted({*known, *found}):
            for shard in SHARDS:
                yield from self._faults_of(jurisdiction_id, shard)
        yield from self._faults_of_uploads()

    def _faults_of(self, jurisdiction_id: str, shard: str) -> Iterator[str]:
        objects: dict[str, set[str]] = {}
        for media_id, name in shelf.photos(self.blobs, jurisdiction_id, shard):
            objects.setdefault(media_id, set()).add(name)
        with self.db() as session:
            rows = store.photos_of(session, jurisdiction_id, shard)
            busy = store.writing_of(session, jurisdiction_id) if objects.keys() ^ rows else set()
        for media_id in sorted(objects.keys() - rows.keys() - busy):
            yield f"{jurisdiction_id} {media_id}: objects without a row"
        for media_id in sorted(rows):
            if "orig.jpg" not in objects.get(media_id, ()):
                yield f"{jurisdiction_id} {media_id}: a row without its full picture"

    def _faults_of_uploads(self) -> Iterator[str]:
        pending = [one.key.removeprefix(domain.PENDING) for one in self.blobs.list(domain.PENDING)]
        with self.db() as session:
            known = store.known_uploads(session, pending)
        for upload_id in sorted(set(pending) - known):
            yield f"upload {upload_id}: an object without a row"
