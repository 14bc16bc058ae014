"""Settings of media, read once from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from servicekit.config import Common, integer, optional


@dataclass(frozen=True, kw_only=True)
class Config:
    """What media must know beside what every service knows."""

    common: Common
    bucket: str
    # Where apps reach the store; the store's own address when that is the same.
    store_url: str
    most_bytes: int
    most_pixels: int
    decoders: int  # photos decoded at once; each takes up to 150 MB for a moment
    upload_ttl_s: int
    forget_unplaced_s: int
    stale_writing_s: int  # longer than any upload can take between its first object and its row

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read the settings; raises BadConfig naming the variable."""
        common = Common.from_env(env, "media")
        return cls(
            common=common,
            bucket=optional(env, "MEDIA_BUCKET", "ombud-media"),
            store_url=optional(env, "MEDIA_STORE_URL", common.s3_endpoint).rstrip("/"),
            most_bytes=integer(env, "MEDIA_MAX_BYTES", 20 * 1024 * 1024),
            most_pixels=integer(env, "MEDIA_MAX_PIXELS", 120_000_000),
            decoders=integer(env, "MEDIA_DECODERS", 2),
            upload_ttl_s=integer(env, "MEDIA_UPLOAD_TTL_S", 900),
            forget_unplaced_s=integer(env, "MEDIA_FORGET_UNPLACED_S", 7 * 24 * 3600),
            stale_writing_s=integer(env, "MEDIA_STALE_WRITING_S", 3600),
        )
