"""Intake's settings; units in the names, secrets not printed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from servicekit.config import BadConfig, Common, integer, limit, optional, seconds, yes
from servicekit.limits import NO_LIMIT, Limit
from servicekit.people.introspection import FRESH_S

_LONGEST_TRY_S = 100.0  # less than a delivery is claimed for


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How often one may ask: with a key that has no limit of its own, and from one address.

    And how many mails that name an id one mailbox gets.

    Keys that import the past have none but their own.
    """

    keys: Limit
    bad_keys: Limit
    forms: Limit
    reads: Limit
    mailboxes: Limit
    bad_tokens: Limit
    looks: Limit

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read the settings; raises BadConfig naming the variable that cannot be used."""
        return cls(
            keys=limit(env, "INTAKE_KEY", Limit(600, 600)),
            bad_keys=limit(env, "INTAKE_BAD_KEY", Limit(10, 20)),
            forms=limit(env, "INTAKE_FORM", Limit(20, 40)),
            reads=limit(env, "INTAKE_READ", NO_LIMIT),
            mailboxes=limit(env, "INTAKE_MAILBOX", Limit(1, 30)),
            looks=limit(env, "INTAKE_LOOK", Limit(30, 60)),
            bad_tokens=limit(env, "INTAKE_BAD_TOKEN", Limit(120, 240)),
        )


@dataclass(frozen=True, kw_only=True)
class Config:
    """What intake must know besides what every service must."""

    common: Common
    media_url: str
    media_timeout_s: float
    routing_url: str
    routing_timeout_s: float
    signed_in_fresh_s: float
    smtp_url: str
    smtp_timeout_s: float
    mail_attempts: int
    stale_form_days: int
    endpoints: tuple[str, ...]
    test_url: str
    limits: Limits
    webhook_timeout_s: float
    webhook_http: bool
    webhook_private: bool

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read the settings; raises BadConfig naming the variable that cannot be used."""
        common = Common.from_env(env, "intake")
        if not common.secret_key:
            raise BadConfig("INTAKE_SECRET_KEY is not set")
        smtp_url = optional(env, "SMTP_URL", "smtp://127.0.0.1:25")
        if urlsplit(smtp_url).scheme not in {"smtp", "smtps"}:
            raise BadConfig("SMTP_URL must begin with smtp:// or smtps://")
        return cls(
            common=common,
            media_url=optional(env, "MEDIA_URL", common.public_url).rstrip("/"),
            media_timeout_s=seconds(env, "INTAKE_MEDIA_TIMEOUT_S", 20.0),
            routing_url=optional(env, "ROUTING_URL", common.public_url).rstrip("/"),
            routing_timeout_s=seconds(env, "INTAKE_ROUTING_TIMEOUT_S", 3.0),
            signed_in_fresh_s=seconds(env, "INTAKE_SIGNED_IN_FRESH_S", FRESH_S),
            smtp_url=smtp_url,
            smtp_timeout_s=seconds(env, "INTAKE_SMTP_TIMEOUT_S", 10.0),
            mail_attempts=integer(env, "INTAKE_MAIL_ATTEMPTS", 10),
            stale_form_days=integer(env, "INTAKE_STALE_FORM_DAYS", 180),
            endpoints=_endpoints(env),
            test_url=optional(env, "INTAKE_TEST_URL", common.public_url).rstrip("/"),
            limits=Limits.from_env(env),
            webhook_timeout_s=min(seconds(env, "INTAKE_WEBHOOK_TIMEOUT_S", 10.0), _LONGEST_TRY_S),
            webhook_http=yes(env, "INTAKE_WEBHOOK_HTTP"),
            webhook_private=yes(env, "INTAKE_WEBHOOK_PRIVATE"),
        )


def _endpoints(env: Mapping[str, str]) -> tuple[str, ...]:
    """Return the types of the endpoints that discovery names."""
    named = optional(env, "INTAKE_ENDPOINTS", "production,test").split(",")
    found = tuple(one.strip() for one in named if one.strip())
    if not found or set(found) - {"production", "test"}:
        raise BadConfig("INTAKE_ENDPOINTS must be production, test or both")
    return found
