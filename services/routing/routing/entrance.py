"""The HTTP door of people: signing in and out, and who one is."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from servicekit import web
from servicekit.clients import Network
from servicekit.errors import NotKnown
from servicekit.people import Known, Signing
from servicekit.people.accounts import TOKEN
from servicekit.people.introspection import introspected

from routing.caller import Caller
from routing.domain import rights
from routing.wire.moments import moment
from routing.wire.people import shown

Data = dict[str, Any]
_SECRET = {"Cache-Control": "no-store"}


@dataclass(frozen=True)
class Entrance:
    """Answers the operations of openapi/routing.yaml about the one who calls."""

    known: Known
    signing: Signing
    cities: Mapping[str, object]
    trusted_proxies: tuple[Network, ...] = ()
    service_token: str = field(default="", repr=False)

    def post_session(self, body: Mapping[str, str]) -> web.Answer:
        """Sign in with an account's name and password."""
        address = web.client(self.trusted_proxies)
        made = self.signing.sign_in(body["account"], body["password"], address)
        said = {
            "token": made.token,
            "expires_datetime": moment(made.until),
            "person": shown(made.person, rights.calls(made.person.roles)),
        }
        return web.json_answer(said, status=201, headers=_SECRET)

    def delete_session(self) -> None:
        """Sign out; what else than an account's token is shown stays as good as it was."""
        self._caller("delete_session")
        bearer = web.bearer() or ""
        if bearer.startswith(TOKEN):
            self.signing.sign_out(bearer)

    def get_me(self) -> Data:
        """Return who calls, and what they may call."""
        person = self._caller("get_me").person
        return shown(person, rights.calls(person.roles))

    def post_introspection(self) -> web.Answer:
        """Tell another service who is signed in by a token; nobody else may ask.

        Raises NotKnown when whoever asks does not show the token of services.
        """
        shown_token, ours = (web.bearer() or "").encode(), self.service_token.encode()
        if not ours or not hmac.compare_digest(shown_token, ours):
            raise NotKnown("this is for services, by the token between them")
        text = web.form().get("token") or ""
        signing = self.signing
        with signing.db() as session:
            said = introspected(session, signing.where, text, signing.now())
        return web.json_answer(said, headers=_SECRET)

    def _caller(self, call: str) -> Caller:
        with self.signing.db() as session:
            person = self.known.person(session, web.bearer())
        return Caller.of(person, call, self.cities)
