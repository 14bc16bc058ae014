"""Reports that are sent again: which one is meant, and whether it says the same.

A client marks a report with ``client_request_id`` (a field or in the query) or with the header
``Idempotency-Key``; all mean the same.
Source of the header: IETF draft-ietf-httpapi-idempotency-key-header.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from operator import itemgetter
from types import MappingProxyType
from typing import Any, BinaryIO

import orjson
from servicekit.errors import BadInput, Mismatch

from intake.domain import FirstAnswer, Once, Request
from intake.wire.fields import Fields
from intake.wire.rendering import receipt

FIELD, HEADER = "client_request_id", "Idempotency-Key"
MAX_ID = 255
_NOT_SAID = frozenset({"api_key", FIELD, "jurisdiction_id", "once"})
_DIGEST_BYTES = 16
_PIECE_BYTES = 1 << 20
_LINE_END = re.compile(r"\r\n|\r")


def read_client_request_id(field: str | None, header: str | None) -> str | None:
    """Return the id that a client gave its report; raises BadInput when it cannot be one.

    The field wins over the header, whose value may stand in quotes as the draft wants it.
    """
    name, given = (FIELD, field) if field else (HEADER, (header or "").strip())
    if name == HEADER and given[:1] == given[-1:] == '"':
        given = given[1:-1].strip()
    if not given:
        return None
    if len(given) > MAX_ID or not given.isprintable():
        raise BadInput(f"{name} must be plain text of at most {MAX_ID} characters")
    return given


def fingerprint(fields: Fields, jurisdiction_id: str, files: Iterable[BinaryIO] = ()) -> str:
    """Return what two reports have in common that say the same, in whatever order and encoding."""
    pairs = [
        (name, _LINE_END.sub("\n", value).strip())
        for name, value in fields.pairs
        if name not in _NOT_SAID
    ]
    said = sorted(pairs, key=itemgetter(0))  # the order of one name's values stays
    shown = [_digest(file) for file in files]
    whole = orjson.dumps([jurisdiction_id, said, shown])
    return hashlib.blake2b(whole, digest_size=_DIGEST_BYTES).hexdigest()


def _digest(file: BinaryIO) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    while piece := file.read(_PIECE_BYTES):
        digest.update(piece)
    return digest.hexdigest()


def drawn(secret_key: str, once: Once) -> bytes:
    """Return what a report's id is made of: always the same for one report, guessed by nobody.

    So a report that is sent again has the same id from the start, and its photos have one owner.
    """
    said = f"once:{once.key_id}\n{once.client_request_id}\n{once.fingerprint}"
    return hmac.digest(secret_key.encode(), said.encode(), "sha256")


def first_answer(
    request: Request,
    once: Once | None,
    *,
    blackbox: bool,
    more: Mapping[str, Any] = MappingProxyType({}),
) -> FirstAnswer:
    """Return the answer to a report, as it is kept for those who send it again.

    ``more`` is what a client asked for beyond GeoReport's receipt.
    """
    row = {**receipt(request, blackbox=blackbox), **more}
    location = None
    if "token" in row:
        location = f"tokens/{row['token']}"
    elif "service_request_id" in row and request.visibility == "public":
        location = f"requests/{row['service_request_id']}"
    said = once.fingerprint if once else ""
    return FirstAnswer(said, request.service_request_id, row, location)


def same_report(first: FirstAnswer, once: Once) -> FirstAnswer:
    """Return the first answer; raises Mismatch when it was given to a report that said else."""
    if first.fingerprint != once.fingerprint:
        raise Mismatch(
            f"{FIELD} or {HEADER} {once.client_request_id!r} belongs to another report already"
        )
    return first
