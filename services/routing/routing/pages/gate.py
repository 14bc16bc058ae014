"""How often one address may answer by link, and try links that do not exist."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

import flask
from servicekit.clients import Network, client_of
from servicekit.errors import TooMany
from servicekit.limits import PerAddress
from werkzeug.exceptions import Forbidden, TooManyRequests


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Answers 429 to whoever floods the forms or guesses secrets, 403 to forms of other sites.

    The secret in the address is the whole authority and no browser adds anything by itself, so
    another site has nothing to ride on; that it is refused here as well costs nothing.
    """

    answers: PerAddress
    guesses: PerAddress
    trusted_proxies: Sequence[Network]

    def add_to(self, app: flask.Flask) -> None:
        """Stand before every page of the application."""
        app.before_request(self._before)
        app.after_request(self._after)

    def _before(self) -> None:
        if flask.request.method == "POST" and flask.request.headers.get("Sec-Fetch-Site") in (
            "cross-site",
            "same-site",
        ):
            raise Forbidden
        try:
            if flask.request.method == "POST":
                self.answers.charge(self._client())
            if _secret():
                self.guesses.check(self._client())
        except TooMany as refusal:
            raise TooManyRequests(retry_after=refusal.retry_after_s) from None

    def _after(self, answer: flask.Response) -> flask.Response:
        if _secret() and answer.status_code == 404:  # noqa: PLR2004 - HTTP's own
            with contextlib.suppress(TooMany):  # it is the next one that is refused
                self.guesses.charge(self._client())
        return answer

    def _client(self) -> str | None:
        asked = flask.request
        forwarded = asked.headers.get("X-Forwarded-For")
        return client_of(asked.remote_addr, forwarded, self.trusted_proxies)


def _secret() -> bool:
    return "secret" in (flask.request.view_args or {})
