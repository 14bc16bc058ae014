"""Webhooks on the wire: what their owners are shown, what receivers are sent, how it is signed."""

import base64
import hashlib
import hmac
import ipaddress
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import orjson
from servicekit import georeport
from servicekit.errors import BadInput
from standardwebhooks import Webhook as Signer

from intake.domain.feed import Entry
from intake.domain.webhooks import PING, Delivery, Webhook
from intake.wire.changes import entry_json, write_cursor

AGENT = "Ombud-Webhooks/1"
_LONGEST_URL = 2000


def secret_of(secret_key: str, webhook_id: str, version: int) -> str:
    """Return the secret that signs a webhook's messages.

    It is made of the installation's own secret and not stored, so that no copy of the database
    can sign.
    """
    given = f"webhook:{webhook_id}:{version}".encode()
    made = hmac.new(secret_key.encode(), given, hashlib.sha256).digest()
    return f"whsec_{base64.b64encode(made).decode()}"


def secrets_of(secret_key: str, webhook: Webhook, now: datetime) -> list[str]:
    """Return the secrets that a message is signed with: after a rotation the old one too."""
    versions = [webhook.secret_version]
    if webhook.previous_until is not None and now < webhook.previous_until:
        versions.append(webhook.secret_version - 1)
    return [secret_of(secret_key, webhook.webhook_id, one) for one in versions]


def message(delivery: Delivery, fragment: bytes | None) -> bytes:
    """Return the body of a message; its data is the entry of the change feed, byte for byte."""
    head = {
        "type": f"webhook.{PING}" if delivery.change == PING else f"request.{delivery.change}",
        "timestamp": georeport.write_datetime(delivery.changed_at),
    }
    if delivery.number is None or fragment is None:
        data = orjson.dumps({"webhook_id": delivery.webhook_id})
    else:
        data = entry_json(_entry(delivery, delivery.number, fragment))
    return orjson.dumps(head)[:-1] + b',"data":' + data + b"}"


def _entry(delivery: Delivery, number: int, fragment: bytes) -> Entry:
    same = ("jurisdiction_id", "service_request_id", "change", "revision", "changed_at")
    told = {name: getattr(delivery, name) for name in same}
    return Entry(number=number, fragment=fragment, **told)


def signed(delivery_id: str, body: bytes, secrets: list[str], now: datetime) -> dict[str, str]:
    """Return the headers of a message as Standard Webhooks wants them."""
    at = now.replace(microsecond=0)
    signatures = [Signer(secret).sign(delivery_id, at, body.decode()) for secret in secrets]
    return {
        "content-type": "application/json",
        "user-agent": AGENT,
        "webhook-id": delivery_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def webhook_shown(webhook: Webhook, counts: Mapping[str, int]) -> dict[str, Any]:
    """Return what a webhook's owner sees of it; never the secret."""
    return {
        "webhook_id": webhook.webhook_id,
        "url": webhook.url,
        "jurisdictions": list(webhook.jurisdictions),
        "service_codes": list(webhook.service_codes),
        "changes": list(webhook.changes),
        "extensions": webhook.extensions,
        "state": webhook.state,
        "reason": webhook.reason,
        "cursor": write_cursor(webhook.cursor),
        "created_datetime": georeport.write_datetime(webhook.created_at),
        **counts,
    }


def delivery_shown(row: Any) -> dict[str, Any]:
    """Return what a webhook's owner sees of a delivery."""
    settled = row.settled_at
    return {
        "delivery_id": row.delivery_id,
        "change": row.change,
        "service_request_id": row.service_request_id,
        "cursor": None if row.number is None else write_cursor(row.number),
        "state": row.state,
        "attempts": row.attempts,
        "status": row.status,
        "reason": row.reason,
        "created_datetime": georeport.write_datetime(row.created_at),
        "due_datetime": georeport.write_datetime(row.due_at) if row.state == "waiting" else None,
        "settled_datetime": georeport.write_datetime(settled) if settled else None,
    }


def read_url(text: str, *, http: bool, private: bool) -> str:
    """Return an address that messages may be sent to; raises BadInput naming what is wrong.

    What a name stands for is looked at when it is connected to; an address is looked at here.
    """
    schemes = ("https", "http") if http else ("https",)
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise BadInput("url must be an address") from None
    if parts.scheme not in schemes or not host or port == 0:
        raise BadInput(f"url must begin with {' or '.join(schemes)}:// and name a host")
    if len(text) > _LONGEST_URL or not (text.isascii() and text.isprintable()) or " " in text:
        raise BadInput(f"url must be at most {_LONGEST_URL} plain ASCII characters")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise BadInput("url must hold no user, no password and no fragment")
    if not private and (host == "localhost" or _closed(host)):
        raise BadInput("url must not lead to a private address")
    return text


def _closed(host: str) -> bool:
    try:
        return not is_public(ipaddress.ip_address(host))
    except ValueError:
        return False


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Tell whether an address belongs to the open Internet and not to somebody's own network.

    An IPv6 address that stands for an IPv4 one is as good as that one.
    """
    inner = _inner(address)
    if inner is not None:
        return is_public(inner)
    own = any(address in network for network in _CLOUDS)
    given_out = isinstance(address, ipaddress.IPv4Address) or address in _IPV6
    return address.is_global and not address.is_multicast and given_out and not own


# Public by their numbers, and yet two clouds' own servers inside each machine.
_CLOUDS = (ipaddress.ip_network("168.63.129.16/32"), ipaddress.ip_network("192.0.0.0/24"))
_IPV6 = ipaddress.ip_network("2000::/3")  # all that is given out to the Internet so far
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def _inner(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | None:
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)
