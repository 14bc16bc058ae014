"""The door for administrators: the keys of client applications."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from servicekit import georeport, keys, web
from servicekit.errors import BadInput, Forbidden
from servicekit.keys import Key
from sqlalchemy.orm import Session, sessionmaker

from intake import actions, store
from intake.api.answers import may, unknown
from intake.keyring import Keyring

_SECRET = {"Cache-Control": "no-store"}


@dataclass(frozen=True, kw_only=True)
class Applications:
    """Make, see, change and revoke keys, within what the administrator's own key is good for."""

    db: sessionmaker[Session]
    ground: actions.Ground
    keys: Keyring
    now: Callable[[], datetime]

    def get_keys(self, jurisdiction_id: str | None = None) -> web.Answer:
        """List the keys that the caller manages, revoked ones too, oldest first."""
        caller = self._administrator("get_keys")
        with self.db.begin() as session:
            rows = keys.every(session, store.API_KEY)
        shown = [keys.shown(row) for row in rows if _manages(caller, row.jurisdictions)]
        if jurisdiction_id is not None:
            shown = [
                row
                for row in shown
                if not row["jurisdictions"] or jurisdiction_id in row["jurisdictions"]
            ]
        return web.json_answer(shown, headers=_SECRET)

    def post_key(self, body: Mapping[str, Any]) -> web.Answer:
        """Make a key; its text is in this answer and nowhere else."""
        caller, wish = self._administrator("post_key"), self._wish(body)
        with self.db.begin() as session:
            _hand_out(caller, wish.get("jurisdictions", ()))
            text = keys.create(session, store.API_KEY, **wish)
            row = self._row(session, caller, text.partition(".")[0])
        headers = {
            **_SECRET,
            "Location": f"{self.ground.public_url}/api/intake/v1/keys/{row['id']}",
        }
        return web.json_answer({**row, "api_key": text}, status=201, headers=headers)

    def get_key(self, id: str) -> web.Answer:  # noqa: A002 - the contract's word
        """Show a key without its secret."""
        caller = self._administrator("get_key")
        with self.db.begin() as session:
            return web.json_answer(self._row(session, caller, id))

    def patch_key(self, id: str, body: Mapping[str, Any]) -> web.Answer:  # noqa: A002 - as above
        """Change a good key; what is not named stays."""
        caller, wish = self._administrator("patch_key"), self._wish(body)
        with self.db.begin() as session:
            self._row(session, caller, id)
            if "jurisdictions" in wish:
                _hand_out(caller, wish["jurisdictions"])
            keys.change(session, store.API_KEY, id, wish)
            return web.json_answer(self._row(session, caller, id))

    def delete_key(self, id: str) -> web.Answer:  # noqa: A002 - as above
        """Revoke a key; it stays in the list. Revoking it once more changes nothing."""
        caller = self._administrator("delete_key")
        with self.db.begin() as session:
            self._row(session, caller, id)
            keys.revoke(session, store.API_KEY, id, self.now())
        return web.Answer(status=204)

    def _administrator(self, call: str) -> Key:
        return may(self.keys, call)

    @staticmethod
    def _row(session: Session, caller: Key, identity: str) -> dict[str, Any]:
        """Return a key that the caller manages; raises NotFound for any other."""
        legal = georeport.legal(identity)
        row = keys.one(session, store.API_KEY, identity) if legal else None
        if row is None or not _manages(caller, row.jurisdictions):
            raise unknown("key", identity)
        return keys.shown(row)

    def _wish(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a body asks for; raises BadInput for a city that is not served here."""
        wish = dict(body)
        strange = sorted(set(wish.get("jurisdictions") or ()) - set(self.ground.packs))
        if strange:
            raise BadInput(f"jurisdictions: {', '.join(strange)[:200]} not served here")
        if wish.get("expires_at") is not None:
            wish["expires_at"] = _moment(wish["expires_at"])
        return wish


def _moment(given: str) -> datetime:
    try:
        return georeport.read_datetime(given)
    except ValueError as fault:
        raise BadInput(f"expires_at {fault}") from None


def _manages(caller: Key, jurisdictions: list[str]) -> bool:
    """Whether a key is within the caller's own cities; one for every city is not within some."""
    if not caller.jurisdictions:
        return True
    return bool(jurisdictions) and set(jurisdictions) <= caller.jurisdictions


def _hand_out(caller: Key, jurisdictions: list[str]) -> None:
    """Raise Forbidden when a key shall be good where the caller's own is not.

    An administrator stands above every other role, so none of them lies beyond its own.
    """
    if not _manages(caller, list(jurisdictions)):
        cities = ", ".join(sorted(caller.jurisdictions))
        raise Forbidden(f"jurisdictions must be some of {cities}: nobody gives more than they have")
