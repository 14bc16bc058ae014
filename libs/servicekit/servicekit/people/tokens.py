"""Access tokens of the configured issuer: verified here, without asking it about each one.

A token is a JWT that the issuer signed with a private key. The algorithms are a list of ours and
never what the token says alone: no ``none``, and no public key taken for a shared secret.
Source: RFC 9068 section 4 and RFC 8725; many issuers do not say ``at+jwt``, so it is not asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import ExpiredTokenError, JoseError

from servicekit.db import Now
from servicekit.errors import NotKnown
from servicekit.people.issuer import Issuer
from servicekit.people.person import Person
from servicekit.people.settings import Oidc

LONGEST = 16_384
_TYPES = (None, "jwt", "at+jwt", "application/at+jwt")
_ASKED: Mapping[str, Any] = {name: {"essential": True} for name in ("exp", "iat", "sub")}


def is_token(text: str) -> bool:
    """Whether a bearer's text has the shape of a JWT."""
    return text.count(".") == 2  # noqa: PLR2004 - header, claims, signature


@dataclass(frozen=True)
class Tokens:
    """Reads the tokens of one issuer."""

    settings: Oidc
    issuer: Issuer
    now: Now

    def person(self, text: str) -> Person:
        """Return whom a token speaks of.

        Raises NotKnown, saying whether it is over or no good, and Unavailable when the issuer was
        never there to give its keys.
        """
        try:
            return self.settings.reading.person(self._verified(text))
        except ExpiredTokenError:
            raise NotKnown("the access token is over") from None
        except (JoseError, ValueError, TypeError):
            raise NotKnown("the access token is not valid here") from None

    def _verified(self, text: str) -> dict[str, Any]:
        if len(text) > LONGEST:
            raise ValueError("too long")
        header = jws.extract_compact(text.encode()).headers()
        algorithm, kid = header.get("alg"), header.get("kid")
        kind = header.get("typ")
        if algorithm not in self.settings.algorithms or _lower(kind) not in _TYPES:
            raise ValueError("another kind of token")
        key = self.issuer.key(kid, algorithm)
        if key is None:
            raise ValueError("signed by a key that the issuer does not have")
        token = jwt.decode(text, key, algorithms=list(self.settings.algorithms))
        self._claims().validate(token.claims)
        return token.claims

    def _claims(self) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            now=int(self.now().timestamp()),
            leeway=int(self.settings.skew_s),
            iss={"essential": True, "value": self.settings.issuer},
            aud={"essential": True, "value": self.settings.audience},
            **_ASKED,
        )


def _lower(kind: Any) -> Any:
    return kind.lower() if isinstance(kind, str) else kind
