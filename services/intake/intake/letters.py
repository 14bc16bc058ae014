"""Letters of another service: fetched when they are sent, and kept nowhere here."""

from dataclasses import dataclass, field

import httpx
from servicekit import logs
from servicekit.errors import Unavailable

log = logs.get(__name__)
_FOUND, _NOT_FOUND = 200, 404


@dataclass(frozen=True, kw_only=True)
class Letter:
    """To whom it goes and what it says; what it says opens a case, so it is not printed."""

    to: str
    language: str
    subject: str
    body: str = field(repr=False)


class Letters:
    """Fetches letters from routing: the log knows neither their address nor their words."""

    def __init__(self, routing_url: str, token: str, timeout_s: float) -> None:
        self.client = httpx.Client(
            base_url=routing_url,
            timeout=timeout_s,
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
        )

    def fetch(self, link_id: str) -> Letter | None:
        """Return the letter of a link, None when it is not to be sent any more.

        Raises Unavailable when routing does not answer as it should: it is to be asked again.
        """
        try:
            answer = self.client.get(f"/api/routing/v1/letters/{link_id}")
        except httpx.HTTPError as trouble:
            raise Unavailable(f"routing does not answer: {type(trouble).__name__}") from trouble
        if answer.status_code == _NOT_FOUND:
            return None
        if answer.status_code != _FOUND:
            log.warning("routing gives no letter", status=answer.status_code)
            raise Unavailable(f"routing gives no letter: {answer.status_code}")
        said = answer.json()
        return Letter(**{name: said[name] for name in ("to", "language", "subject", "body")})
