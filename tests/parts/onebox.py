"""Parts out of the one box: real servers from wheels, started by the launcher's own module."""

from __future__ import annotations

from pathlib import Path

from onebox import parts as box


class OneBox:
    """PostgreSQL 18, SeaweedFS, and Tansu on SeaweedFS."""

    kafka_session_timeout_ms = 2_000

    def __init__(self, folder: Path) -> None:
        self.postgres = box.Postgres(folder)
        self.seaweed = box.Seaweed(folder)
        self.folder = folder
        self.tansu: box.Tansu | None = None

    def build(self, name: str) -> box.Part:
        """Return the server of one part, not yet started."""
        if name == "kafka":
            self.tansu = box.Tansu(self.folder, self.seaweed.env())
            return self.tansu
        return {"postgres": self.postgres, "s3": self.seaweed}[name]

    def needs(self, name: str) -> tuple[str, ...]:
        """Return the parts that must run before this one."""
        return ("s3",) if name == "kafka" else ()

    def postgres_url(self, database: str) -> str:
        """Return SQLAlchemy's URL of a database, for the role that may do everything."""
        return self.postgres.url(database, "postgres")

    def kafka_address(self) -> str:
        """Return the bootstrap server."""
        assert self.tansu is not None
        return self.tansu.env()["KAFKA_BOOTSTRAP_SERVERS"]

    def s3_env(self) -> dict[str, str]:
        """Return the three names that lead to the store."""
        return self.seaweed.env()
