"""Objects in an S3 store: plain S3 only, bounded waiting, and outages told as such.

The same code speaks to SeaweedFS, MinIO or any other S3; nothing here uses notifications, the
admin API, lifecycle rules or versions. An operation that the store cannot answer within the
timeouts and retries below raises Unavailable; an object that is not there raises NotFound.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self
from urllib.parse import urlsplit
from xml.etree.ElementTree import ParseError

import urllib3
from minio import Minio
from minio.commonconfig import CopySource
from minio.datatypes import PostPolicy
from minio.error import MinioException, S3Error

from servicekit.config import BadConfig, Common
from servicekit.errors import NotFound, Unavailable

CONNECT_S = 2.0
READ_S = 10.0
RETRIES = 2
CHUNK_BYTES = 256 * 1024
REGION = "us-east-1"  # named, so that no call asks the store for it; S3's default

_MISSING = {"NoSuchKey", "NoSuchObject", "ResourceNotFound"}
_BUCKET_IS_THERE = {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}


@dataclass(frozen=True, slots=True)
class Blob:
    """One object as a listing tells it."""

    key: str
    bytes: int
    modified: datetime


@dataclass(frozen=True, slots=True)
class Post:
    """A form that may be POSTed to the store until it expires: ``fields`` first, ``file`` last."""

    url: str
    fields: dict[str, str]


@contextmanager
def _told() -> Iterator[None]:
    """Tell the store's errors in ours."""
    try:
        yield
    except S3Error as error:
        if error.code in _MISSING:
            raise NotFound("there is no such object") from error
        raise Unavailable(f"the photo store answered {error.code}") from error
    except (MinioException, urllib3.exceptions.HTTPError, OSError, ParseError) as error:
        raise Unavailable("the photo store does not answer") from error


def _client(endpoint: str, access_key: str, secret_key: str) -> Minio:
    parts = urlsplit(endpoint)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise BadConfig(f"S3_ENDPOINT must be http://host:port, not {endpoint!r}")
    pool = urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=CONNECT_S, read=READ_S),
        maxsize=32,
        retries=urllib3.Retry(
            total=RETRIES, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504]
        ),
    )
    return Minio(
        parts.netloc,
        access_key=access_key,
        secret_key=secret_key,
        secure=parts.scheme == "https",
        region=REGION,
        http_client=pool,
    )


@dataclass(frozen=True)
class Blobs:
    """The objects of one bucket. Safe to share between threads; opens nothing when made."""

    client: Minio
    bucket: str
    endpoint: str

    @classmethod
    def from_common(cls, common: Common, bucket: str) -> Self:
        """Use the store that the environment names; raises BadConfig when it names none."""
        client = _client(common.s3_endpoint, common.s3_access_key, common.s3_secret_key)
        return cls(client=client, bucket=bucket, endpoint=common.s3_endpoint.rstrip("/"))

    def ensure_bucket(self) -> bool:
        """Make the bucket unless it is there; return whether it was made now."""
        with _told():
            try:
                if self.client.bucket_exists(self.bucket):
                    return False
                self.client.make_bucket(self.bucket)
            except S3Error as error:
                if error.code in _BUCKET_IS_THERE:
                    return False
                raise
        return True

    def ping(self) -> None:
        """Raise Unavailable unless the store answers and has the bucket."""
        with _told():
            if not self.client.bucket_exists(self.bucket):
                raise Unavailable(f"the photo store has no bucket {self.bucket}")

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Write an object whole; a reader sees the old one or the new one, never a part."""
        with _told():
            self.client.put_object(
                self.bucket, key, io.BytesIO(data), len(data), content_type=content_type
            )

    def get(self, key: str, *, offset: int = 0, length: int = 0) -> bytes:
        """Return an object, or ``length`` bytes of it from ``offset``; NotFound without it."""
        return b"".join(self.stream(key, offset=offset, length=length))

    def stream(self, key: str, *, offset: int = 0, length: int = 0) -> Iterator[bytes]:
        """Yield an object in chunks; NotFound, if it is missing, comes with the first."""
        with _told():
            answer = self.client.get_object(self.bucket, key, offset=offset, length=length)
            try:
                yield from answer.stream(CHUNK_BYTES)
            finally:
                answer.close()
                answer.release_conn()

    def stat(self, key: str) -> Blob | None:
        """Return what the store knows of an object, None without it."""
        try:
            with _told():
                found = self.client.stat_object(self.bucket, key)
        except NotFound:
            return None
        return Blob(key, found.size or 0, found.last_modified or datetime.min.replace(tzinfo=UTC))

    def exists(self, key: str) -> bool:
        """Whether the object is there."""
        return self.stat(key) is not None

    def delete(self, key: str) -> None:
        """Delete an object; one that is not there is as good as deleted."""
        try:
            with _told():
                self.client.remove_object(self.bucket, key)
        except NotFound:
            return

    def copy(self, source: str, target: str) -> None:
        """Copy an object within the bucket, in the store."""
        with _told():
            self.client.copy_object(self.bucket, target, CopySource(self.bucket, source))

    def list(self, prefix: str = "", *, recursive: bool = True) -> Iterator[Blob]:
        """Yield the objects whose key starts with ``prefix``, in the order of their keys.

        Without ``recursive`` what follows the next slash is told once, as a key that ends in it.
        """
        with _told():
            found = self.client.list_objects(self.bucket, prefix=prefix, recursive=recursive)
            for one in found:
                when = one.last_modified or datetime.min.replace(tzinfo=UTC)
                yield Blob(one.object_name or "", one.size or 0, when)

    def presigned_put(self, key: str, ttl_s: int) -> str:
        """Return a URL to which its holder may PUT this object until it expires."""
        with _told():
            return self.client.presigned_put_object(
                self.bucket, key, expires=timedelta(seconds=ttl_s)
            )

    def presigned_post(
        self, key: str, *, now: datetime, ttl_s: int, content_type: str, most_bytes: int
    ) -> Post:
        """Return a form for exactly this key and type, of 1 to ``most_bytes`` bytes."""
        policy = PostPolicy(self.bucket, now.astimezone(UTC) + timedelta(seconds=ttl_s))
        policy.add_equals_condition("key", key)
        policy.add_equals_condition("Content-Type", content_type)
        policy.add_content_length_range_condition(1, most_bytes)
        with _told():
            signed = self.client.presigned_post_policy(policy)
        fields = {"key": key, "Content-Type": content_type, **signed}
        return Post(url=f"{self.endpoint}/{self.bucket}", fields=fields)
