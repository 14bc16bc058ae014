"""The public keys of the configured issuer, found by discovery and kept while it is away.

Nothing is ever fetched that a token names. A key we do not know makes us ask again, but not more
often than every ``AGAIN_S``: made-up ids cost the issuer nothing, and a new key is known that soon.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
from authlib.oidc.discovery import OpenIDProviderMetadata, get_well_known_url
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key

from servicekit import logs
from servicekit.errands import Errands
from servicekit.errors import Unavailable
from servicekit.people.settings import Oidc

log = logs.get(__name__)
AGAIN_S = 30.0
AGAIN_AFTER_FAILURE_S = 5.0
LARGEST_BYTES = 1_000_000
_AWAY = (httpx.HTTPError, ValueError, TypeError, KeyError)


@dataclass
class Issuer:
    """Belongs to a process; its threads may share it."""

    settings: Oidc
    tick_s: Callable[[], float] = time.monotonic
    transport: httpx.BaseTransport | None = None
    _keys: Sequence[Key] = ()
    _fetched_s: float = -math.inf
    _again_s: float = -math.inf
    _errands: Errands[None] = field(default_factory=Errands, repr=False)

    def key(self, kid: str | None, algorithm: str) -> Key | None:
        """Return the key that a token says it is signed by, None when the issuer has none such.

        Raises Unavailable when no key at all is known, since the issuer could not be asked yet.
        """
        found = self._find(kid, algorithm)
        if found is None:
            self._errands.begin("keys", self._ask).result()
            found = self._find(kid, algorithm)
        elif self.tick_s() > self._fetched_s + self.settings.fresh_s:
            self._errands.begin("keys", self._ask)
        if not self._keys:
            raise Unavailable("the issuer of access tokens does not answer; try again")
        return found

    def _find(self, kid: str | None, algorithm: str) -> Key | None:
        keys = self._keys
        fits = [one for one in keys if one.get("alg") in (None, algorithm)]
        if kid is None:
            return fits[0] if len(fits) == len(keys) == 1 else None
        return next((one for one in fits if one.get("kid") == kid), None)

    def _ask(self) -> None:
        """Fetch the keys, unless that was done a moment ago; old ones stay when it fails."""
        if self.tick_s() < self._again_s:
            return
        try:
            self._keys = self._fetch()
            self._fetched_s = self.tick_s()
            self._again_s = self._fetched_s + AGAIN_S
        except _AWAY as trouble:
            self._again_s = self.tick_s() + AGAIN_AFTER_FAILURE_S
            reason = f"{type(trouble).__name__}: {trouble}"[:300]
            log.warning("the keys of the issuer cannot be had", reason=reason)

    def _fetch(self) -> list[Key]:
        issuer = self.settings.issuer
        with httpx.Client(
            timeout=self.settings.timeout_s, follow_redirects=False, transport=self.transport
        ) as client:
            said = OpenIDProviderMetadata(_get(client, get_well_known_url(issuer, external=True)))
            if said.get("issuer") != issuer:
                raise ValueError("the issuer calls itself otherwise than OIDC_ISSUER does")
            said.validate_jwks_uri()
            return _usable(_get(client, said["jwks_uri"])["keys"])


def _get(client: httpx.Client, url: str) -> Any:
    """Return a document; raises HTTPError or ValueError when it cannot be had or is too long."""
    with client.stream("GET", url, headers={"Accept": "application/json"}) as answer:
        if answer.status_code != httpx.codes.OK:
            raise ValueError(f"{url} answers {answer.status_code}")
        body = bytearray()
        for part in answer.iter_bytes():
            body += part
            if len(body) > LARGEST_BYTES:
                raise ValueError(f"{url} answers more than {LARGEST_BYTES} bytes")
    return orjson.loads(body)


def _usable(described: Sequence[dict[str, Any]]) -> list[Key]:
    """Return the keys that verify signatures and that we understand; never a shared secret."""
    keys = []
    for one in described:
        if one.get("kty") == "oct" or one.get("use", "sig") != "sig":
            continue
        try:
            keys.append(JWKRegistry.import_key(one))
        except (JoseError, ValueError, TypeError):
            log.warning("a key of the issuer cannot be used", kid=str(one.get("kid"))[:100])
    if not keys:
        raise ValueError("the issuer has no key that can be used")
    return keys
