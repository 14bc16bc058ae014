"""Settings: read once from the environment, complete or no start, secrets not printed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from servicekit.clients import Network, networks
from servicekit.errors import ServiceError
from servicekit.limits import Limit


class BadConfig(ServiceError):
    """A setting is missing or cannot be used; the text names the variable."""


def required(env: Mapping[str, str], name: str) -> str:
    """Return the setting; raises BadConfig when it is missing or blank."""
    value = env.get(name, "").strip()
    if not value:
        raise BadConfig(f"{name} is not set")
    return value


def optional(env: Mapping[str, str], name: str, default: str) -> str:
    """Return the setting, or the default when it is missing or blank."""
    return env.get(name, "").strip() or default


def integer(env: Mapping[str, str], name: str, default: int) -> int:
    """Return the setting as a whole number; raises BadConfig when it is none."""
    text = optional(env, name, str(default))
    try:
        return int(text)
    except ValueError:
        raise BadConfig(f"{name} must be a whole number, not {text!r}") from None


def seconds(env: Mapping[str, str], name: str, default: float) -> float:
    """Return the setting in seconds; raises BadConfig when it is not a positive number."""
    text = optional(env, name, str(default))
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise BadConfig(f"{name} must be a number of seconds, not {text!r}")
    return value


def yes(env: Mapping[str, str], name: str) -> bool:
    """Return whether the setting says yes; it does not unless told."""
    return optional(env, name, "no").lower() in {"1", "yes", "true"}


def limit(env: Mapping[str, str], name: str, default: Limit) -> Limit:
    """Return ``<NAME>_PER_MINUTE`` (0: no limit) and ``<NAME>_BURST`` (default: the former)."""
    per_minute = integer(env, f"{name}_PER_MINUTE", default.per_minute)
    same = per_minute == default.per_minute
    burst = integer(env, f"{name}_BURST", default.burst if same else per_minute)
    if per_minute < 0 or burst < 0:
        raise BadConfig(f"{name}_PER_MINUTE and {name}_BURST must not be negative")
    return Limit(per_minute, burst)


def _trusted(env: Mapping[str, str]) -> tuple[Network, ...]:
    try:
        return networks(optional(env, "TRUSTED_PROXIES", "private"))
    except ValueError as fault:
        raise BadConfig(f"TRUSTED_PROXIES must be networks or private: {fault}") from None


def address(text: str, name: str) -> tuple[str, int]:
    """Split ``host:port``; raises BadConfig naming the variable when it is none."""
    try:
        parts = urlsplit(f"//{text}")
        if parts.hostname and parts.port is not None:
            return parts.hostname, parts.port
    except ValueError:
        pass
    raise BadConfig(f"{name} must be host:port, not {text!r}")


def _at_least_one(env: Mapping[str, str], name: str) -> int:
    number = integer(env, name, 1)
    if number < 1:
        raise BadConfig(f"{name} must be at least 1")
    return number


@dataclass(frozen=True, kw_only=True)
class Common:
    """What every service must know; see ``from_env`` for the names of the variables."""

    service: str
    database_url: str = field(repr=False)
    owner_database_url: str = field(repr=False)
    kafka_bootstrap_servers: str
    kafka_session_timeout_ms: int
    s3_endpoint: str
    s3_access_key: str = field(repr=False)
    s3_secret_key: str = field(repr=False)
    contracts_dir: Path
    cities_dir: Path
    public_url: str
    bind: tuple[str, int]
    admin_bind: tuple[str, int]
    workers: int
    service_token: str = field(repr=False)
    secret_key: str = field(repr=False)
    log_level: str
    validate_answers: bool
    trusted_proxies: tuple[Network, ...]

    @classmethod
    def from_env(cls, env: Mapping[str, str], service: str) -> Self:
        """Read the settings of ``service``; ``<SERVICE>_…`` variables are its own.

        Raises BadConfig, naming the variable, when one is missing or cannot be used.
        """
        own = service.upper()
        return cls(
            service=service,
            database_url=(url := required(env, f"{own}_DATABASE_URL")),
            owner_database_url=optional(env, f"{own}_OWNER_DATABASE_URL", url),
            kafka_bootstrap_servers=required(env, "KAFKA_BOOTSTRAP_SERVERS"),
            kafka_session_timeout_ms=integer(env, "KAFKA_SESSION_TIMEOUT_MS", 10_000),
            s3_endpoint=optional(env, "S3_ENDPOINT", ""),
            s3_access_key=optional(env, "S3_ACCESS_KEY", ""),
            s3_secret_key=optional(env, "S3_SECRET_KEY", ""),
            contracts_dir=Path(required(env, "CONTRACTS_DIR")),
            cities_dir=Path(required(env, "CITIES_DIR")),
            public_url=optional(env, "PUBLIC_URL", "http://127.0.0.1:8311").rstrip("/"),
            bind=address(optional(env, f"{own}_BIND", "127.0.0.1:8000"), f"{own}_BIND"),
            admin_bind=address(optional(env, "ADMIN_BIND", "127.0.0.1:0"), "ADMIN_BIND"),
            workers=_at_least_one(env, f"{own}_WORKERS"),
            service_token=optional(env, "SERVICE_TOKEN", ""),
            secret_key=optional(env, f"{own}_SECRET_KEY", ""),
            log_level=optional(env, "LOG_LEVEL", "INFO").upper(),
            validate_answers=yes(env, "VALIDATE_ANSWERS"),
            trusted_proxies=_trusted(env),
        )
