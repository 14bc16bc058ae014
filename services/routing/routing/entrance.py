"""The HTTP door of people: signing in and out, and who one is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from servicekit import web
from servicekit.clients import Network
from servicekit.people import Known, Signing
from servicekit.people.accounts import TOKEN

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

    def _caller(self, call: str) -> Caller:
        with self.signing.db() as session:
            person = self.known.person(session, web.bearer())
        return Caller.of(person, call, self.cities)
