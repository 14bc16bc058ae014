"""Links to photos that are not public: signed by who may show them, good for a while.

A browser cannot send a bearer token with a picture of a page. So a service that has decided that
somebody may see a photo signs its address and the time it ends; media, with the same secret, shows
what the signature names and asks nobody. Such a link is a key for whoever has it: until it ends.
"""

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

SIZES = ("320", "1024", "2048", "full")
STEP_S = 600
"""Links made within this time of each other are the same, so that a page may keep them."""
MOST_S = 24 * 3600
_PURPOSE = b"ombud photo link 1"


@dataclass(frozen=True)
class PhotoLinks:
    """Makes and checks links. ``secret`` is what services share; without one no link is good."""

    public_url: str
    secret: str = field(repr=False)
    lasts_s: int = 3600

    def urls(self, media_id: str, now: datetime) -> Mapping[str, str]:
        """Return the address of each size, good for at least ``lasts_s`` seconds."""
        return {size: self.url(media_id, size, now) for size in SIZES}

    def url(self, media_id: str, size: str, now: datetime) -> str:
        """Return the address of one size; unsigned, so only good when public, without a secret."""
        path = f"{self.public_url}/media/v1/{media_id}/{size}.jpg"
        if not self.secret:
            return path
        expires = -(-int(now.timestamp() + self.lasts_s) // STEP_S) * STEP_S
        signature = _signature(self.secret, media_id, size, expires)
        return f"{path}?expires={expires}&signature={signature}"

    def opens(
        self, media_id: str, size: str, expires: int | None, signature: str | None, now: datetime
    ) -> bool:
        """Whether a link was signed for this, and has not ended."""
        if not (self.secret and expires and signature):
            return False
        wanted = _signature(self.secret, media_id, size, expires)
        same = hmac.compare_digest(wanted.encode(), signature.encode())
        return same and now.timestamp() < expires <= now.timestamp() + MOST_S


def _signature(secret: str, media_id: str, size: str, expires: int) -> str:
    key = hmac.digest(secret.encode(), _PURPOSE, "sha256")
    made = hmac.digest(key, f"{media_id}/{size}/{expires}".encode(), "sha256")
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()
