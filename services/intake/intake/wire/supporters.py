"""Me too: what a supporter says, the secret link, the words that are sent."""

import dataclasses
import hashlib
import hmac
from typing import Any

from servicekit.errors import Refusals
from servicekit.packs import Pack

from intake.domain import Message, Reporter, Request
from intake.domain.supporters import Supporter
from intake.wire.checking import Checker
from intake.wire.fields import Fields
from intake.wire.messages import write_message
from intake.wire.reading import reporter_of

_SIGNATURE_CHARS = 32  # of hexadecimal: 128 bits


def support_url(public_url: str, secret_key: str, supporter_id: str) -> str:
    """Return the secret address under which a supporter follows a request, and leaves it."""
    return f"{public_url}/support/{support_secret(secret_key, supporter_id)}"


def support_secret(secret_key: str, supporter_id: str) -> str:
    """Return the last part of a supporter's address: the id and its signature."""
    signed = hmac.new(secret_key.encode(), f"support:{supporter_id}".encode(), hashlib.sha256)
    return f"{supporter_id}.{signed.hexdigest()[:_SIGNATURE_CHARS]}"


def supporter_of(secret_key: str, secret: str) -> str | None:
    """Return the supporter_id that a secret is good for, or None."""
    supporter_id = secret.rpartition(".")[0]
    expected = support_secret(secret_key, supporter_id)
    given = secret.encode("utf-8", "surrogatepass")
    return supporter_id if hmac.compare_digest(expected.encode(), given) else None


def read_supporter(fields: Fields) -> Reporter:
    """Return who joins, as far as told; raises Refusals with all that is wrong."""
    check = Checker([])
    who = reporter_of(fields, check)
    if check.faults:
        raise Refusals(check.faults)
    return who


def support_row(service_request_id: str, count: int, follow_url: str | None) -> dict[str, Any]:
    """Return the answer to one who joins: how many there are, and the secret link.

    Who left an address gets the link there and nowhere else: else whoever knows the address
    could take its owner's support back.
    """
    return {
        "service_request_id": service_request_id,
        "supporters": count,
        "follow_url": follow_url,
    }


def to_supporter(
    pack: Pack, request: Request, name: str, supporter: Supporter, *, link: str, **words: Any
) -> Message:
    """Return a message of the pack in the supporter's language."""
    if name not in pack.words(supporter.language).messages:
        name = "request_moved"
    theirs = dataclasses.replace(request, language=supporter.language)
    message = write_message(pack, theirs, name, link=link, **words)
    return dataclasses.replace(
        message,
        message_id=f"{message.message_id}-{supporter.supporter_id}",
        supporter_id=supporter.supporter_id,
    )
