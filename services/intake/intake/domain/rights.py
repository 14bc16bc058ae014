"""Who may make which call: one table, and nothing beside it.

Calls are the operationIds of openapi/intake.yaml; one that is neither here nor OPEN is for nobody.
All rights hold in the cities of whoever calls. No department is here: who reported is not its
business.
"""

from collections.abc import Collection, Mapping

from servicekit.errors import Forbidden

REPORT, IMPORT, DEPARTMENT = "report", "import", "department"
OPERATOR, OMBUDSMAN, ADMINISTRATOR = "operator", "ombudsman", "administrator"

CITY, CONFIDENCE = "city", "confidence"
"""Scopes: what a city has, and besides it what citizens have told the ombudsman alone."""

_MACHINES = (REPORT, IMPORT, DEPARTMENT, OPERATOR, OMBUDSMAN, ADMINISTRATOR)


def _city(*roles: str) -> Mapping[str, str]:
    return dict.fromkeys(roles, CITY)


_SPEAK = _city(REPORT, OPERATOR, ADMINISTRATOR)
_SHOW = _city(OPERATOR, OMBUDSMAN, ADMINISTRATOR)
_ENTER = _city(OPERATOR, OMBUDSMAN)
_KNOW = {OPERATOR: CITY, OMBUDSMAN: CONFIDENCE}
_HAND_OUT = _city(ADMINISTRATOR)
_LISTEN = _city(*_MACHINES)

RIGHTS: Mapping[str, Mapping[str, str]] = {
    "post_request": _city(REPORT, IMPORT, OPERATOR, ADMINISTRATOR),
    "post_update": _SPEAK,
    "post_supporter": _SPEAK,
    "post_import": _city(IMPORT),
    "post_contact": _ENTER,
    "get_contact": _KNOW,
    "post_contact_search": _KNOW,
    "put_visibility": _SHOW,
    "put_update_visibility": _SHOW,
    "get_keys": _HAND_OUT,
    "post_key": _HAND_OUT,
    "get_key": _HAND_OUT,
    "patch_key": _HAND_OUT,
    "delete_key": _HAND_OUT,
    "get_webhooks": _LISTEN,
    "post_webhook": _LISTEN,
    "get_webhook": _LISTEN,
    "patch_webhook": _LISTEN,
    "delete_webhook": _LISTEN,
    "post_webhook_secret": _LISTEN,
    "post_webhook_ping": _LISTEN,
    "post_webhook_retry": _LISTEN,
    "post_webhook_replay": _LISTEN,
    "get_deliveries": _LISTEN,
    "post_delivery_retry": _LISTEN,
}

PERSONS = frozenset(
    {
        *("post_contact", "get_contact", "post_contact_search"),
        *("put_visibility", "put_update_visibility"),
    }
)
"""Calls that a person makes by a token too; all others are made by machines, by their keys."""

OPEN = frozenset(
    {
        *("get_site_discovery", "get_discovery", "get_services", "get_service_definition"),
        *("get_requests", "get_request", "get_history", "get_plain_history", "get_token"),
        *("get_changes", "get_plain_changes", "get_updates", "get_bulk", "get_bulk_month"),
        *("get_duplicates", "get_duplicates_as_json"),
        "delete_supporter",  # by the secret of the supporter's link
    }
)
"""Calls that are for everybody."""


def scopes(call: str, roles: Collection[str]) -> frozenset[str]:
    """Return how far a call goes for who holds these roles; raises Forbidden for none of them."""
    row = RIGHTS.get(call, {})
    found = frozenset(row[role] for role in roles if role in row)
    if not found:
        raise Forbidden(f"this needs the role {' or '.join(row) or 'of nobody'}")
    return found
