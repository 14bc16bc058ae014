"""What all doors share: which city is meant, what is unknown, how bytes become an answer."""

from collections.abc import Iterable, Mapping
from typing import Any

from servicekit import georeport, web
from servicekit.errors import BadInput, Forbidden, NotFound
from servicekit.keys import Key
from servicekit.packs import Pack
from servicekit.packs import Service as PackService

from intake import actions
from intake.domain import rights
from intake.keyring import Keyring


def city(ground: actions.Ground, jurisdiction_id: str | None) -> Pack:
    """Return the city asked for; one-city installations need not be told which."""
    if jurisdiction_id is not None and not georeport.blank(jurisdiction_id):
        return ground.pack(jurisdiction_id.strip())
    if len(ground.packs) > 1:
        raise BadInput("jurisdiction_id required")
    return next(iter(ground.packs.values()))


def service_of(pack: Pack, service_code: str | None) -> PackService:
    """Return a service of a city; raises BadInput without a code, NotFound for an unknown one."""
    if service_code is None:
        raise BadInput("service_code required")
    service = pack.services.get(service_code)
    if service is None:
        raise unknown("service_code", service_code)
    return service


def unknown(name: str, value: str) -> NotFound:
    """Return the error for a code, id or token that does not exist."""
    return NotFound(f'{name} "{value[:100]}" was not found')


def may_report(keys: Keyring, pack: Pack, text: str | None, call: str) -> Key:
    """Return the key of a sender; raises Forbidden when it is missing, wrong or of no use here.

    Raises TooMany when it was used too often. It may ask the database: not for the event loop.
    """
    key = keys.admit(text)
    rights.scopes(call, key.roles)
    if not key.may_in(pack.jurisdiction_id):
        raise Forbidden("api_key is not good for this jurisdiction_id")
    return key


def may(keys: Keyring, call: str) -> Key:
    """Return the key of ``Authorization: Bearer``, looked up anew; raises Forbidden and TooMany.

    Asks the database, so it is not for the event loop.
    """
    key = keys.admit(web.bearer(), anew=True)
    rights.scopes(call, key.roles)
    return key


def legal_id(service_request_id: str) -> str:
    """Return an id that may be asked for; raises NotFound for one that no text can hold."""
    if not georeport.legal(service_request_id):
        raise unknown("service_request_id", service_request_id)
    return service_request_id


def pairs(given: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Yield query parameters as the pairs that they were sent as."""
    for name, value in given.items():
        for one in value if isinstance(value, list) else [value]:
            yield name, str(one)


def wants_extensions(given: str | None) -> bool:
    """Tell whether a client asked for what GeoReport does not know."""
    return (given or "").strip().lower() in {"true", "1", "yes"}


def answer(body: bytes, media_type: str) -> web.Answer:
    """Return an answer with status 200."""
    return web.Answer(body=body, media_type=media_type)
