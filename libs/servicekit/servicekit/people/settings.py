"""The settings of an OpenID issuer: ``OIDC_…`` variables, complete or no start."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from authlib.oidc.discovery import OpenIDProviderMetadata

from servicekit.config import BadConfig, optional, required, seconds
from servicekit.people.claims import ROLES, Reading, read_path

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""What tokens may be signed by: with the issuer's private key, never with a secret we share."""
EVERYWHERE = "*"


@dataclass(frozen=True, kw_only=True)
class Oidc:
    """The one issuer whose tokens are good here, and how they are read."""

    issuer: str
    audience: str
    algorithms: tuple[str, ...] = ("RS256", "PS256", "ES256")
    skew_s: float = 60.0
    timeout_s: float = 3.0
    fresh_s: float = 3600.0
    reading: Reading = field(default_factory=Reading)

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self | None:
        """Read the settings; None when no issuer is named: then no token is good.

        Raises BadConfig, naming the variable, when one is missing or cannot be used.
        """
        issuer = optional(env, "OIDC_ISSUER", "")
        if not issuer:
            return None
        try:
            OpenIDProviderMetadata({"issuer": issuer}).validate_issuer()
        except ValueError as fault:
            raise BadConfig(f"OIDC_ISSUER cannot be used: {fault}") from None
        return cls(
            issuer=issuer,
            audience=required(env, "OIDC_AUDIENCE"),
            algorithms=_algorithms(env),
            skew_s=seconds(env, "OIDC_CLOCK_SKEW_S", cls.skew_s),
            timeout_s=seconds(env, "OIDC_TIMEOUT_S", cls.timeout_s),
            fresh_s=seconds(env, "OIDC_KEYS_FRESH_S", cls.fresh_s),
            reading=_reading(env),
        )


def _list(env: Mapping[str, str], name: str, default: str = "") -> list[str]:
    return optional(env, name, default).replace(",", " ").split()


def _algorithms(env: Mapping[str, str]) -> tuple[str, ...]:
    names = _list(env, "OIDC_ALGORITHMS", " ".join(Oidc.algorithms))
    unknown = [name for name in names if name not in ALGORITHMS]
    if unknown:
        raise BadConfig(f"OIDC_ALGORITHMS must be some of {', '.join(ALGORITHMS)}, not {unknown}")
    return tuple(names)


def _reading(env: Mapping[str, str]) -> Reading:
    home = _list(env, "OIDC_JURISDICTIONS")
    paths = {
        name: read_path(optional(env, f"OIDC_CLAIM_{name.upper()}", name))
        for name in ("name", "roles", "departments", "jurisdictions")
    }
    at_home = None if home == [EVERYWHERE] else frozenset(home)
    return Reading(**paths, role_names=_role_names(env), at_home=at_home)


def _role_names(env: Mapping[str, str]) -> dict[str, str]:
    """Read ``theirs=ours`` pairs."""
    names = {}
    for pair in _list(env, "OIDC_ROLES"):
        theirs, _, ours = pair.partition("=")
        if not theirs or ours not in ROLES:
            raise BadConfig(f"OIDC_ROLES must be THEIRS=OURS, ours of {', '.join(ROLES)}: {pair!r}")
        names[theirs] = ours
    return names
