"""Who of the staff calls: a person by the token they use at the desk, or a machine by its key."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from anyio import to_thread
from servicekit import web
from servicekit.errors import Forbidden, NotKnown
from servicekit.limits import Limit, Limiter, PerAddress
from servicekit.people import Known, Person, by_key, is_token
from servicekit.people.accounts import TOKEN

from intake.domain import rights
from intake.keyring import Keyring


@dataclass(frozen=True, kw_only=True)
class Staff:
    """Lets in who may make a call.

    Each person may call as often as a key may. Who sends tokens that are no good from one address
    is soon not asked about any more.
    """

    known: Known
    keys: Keyring
    limiter: Limiter
    limit: Limit
    bad_tokens: PerAddress
    address: Callable[[], str | None]

    async def enter(self, call: str) -> Person:
        """Do as ``admit`` does, in the event loop."""
        return await to_thread.run_sync(partial(self.admit, call))

    def admit(self, call: str) -> Person:
        """Return who calls; raises Forbidden, NotKnown, TooMany, and Unavailable.

        May ask the database and routing: not for the event loop.
        """
        bearer = web.bearer()
        if bearer and (is_token(bearer) or bearer.startswith(TOKEN)):
            person = self._person(bearer, call)
        else:
            person = by_key(self.keys.admit(bearer, anew=True))
        rights.scopes(call, person.roles)
        return person

    def _person(self, bearer: str, call: str) -> Person:
        if call not in rights.PERSONS:
            raise Forbidden("this is for machines, by their keys")
        address = self.address()
        self.bad_tokens.check(address)
        try:
            with self.keys.db() as session:
                person = self.known.person(session, bearer)
        except NotKnown:
            self.bad_tokens.charge(address)
            raise
        self.limiter.charge(f"person:{person.subject}", self.limit)
        return person
