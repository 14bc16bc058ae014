"""Words to a reporter, out of the pack's texts, in the language the reporter chose."""

import hmac

from servicekit.packs import Pack, text

from intake.domain import Message, Request

_SIGNATURE_CHARS = 32  # of hexadecimal: 128 bits


def follow_url(public_url: str, secret_key: str, service_request_id: str) -> str:
    """Return the secret address under which a reporter follows a request without a password."""
    return f"{public_url}/follow/{follow_secret(secret_key, service_request_id)}"


def follow_secret(secret_key: str, service_request_id: str) -> str:
    """Return the last part of a follow address: the id and its signature."""
    signed = hmac.digest(secret_key.encode(), f"follow:{service_request_id}".encode(), "sha256")
    return f"{service_request_id}.{signed.hex()[:_SIGNATURE_CHARS]}"


def followed(secret_key: str, secret: str) -> str | None:
    """Return the service_request_id that a follow address is good for, or None."""
    service_request_id = secret.rpartition(".")[0]
    expected = follow_secret(secret_key, service_request_id)
    return service_request_id if hmac.compare_digest(expected.encode(), secret.encode()) else None


def write_message(
    pack: Pack,
    request: Request,
    name: str,
    *,
    link: str,
    words: str | None = None,
    outcome_code: str | None = None,
    **more: str | None,
) -> Message:
    """Return the pack's message of that name, filled in for a request and with what is beside it.

    A pack that has none of that name says ``request_moved``.
    The id is made of the request's revision, so that the same news is written down once.
    """
    language = request.language
    texts = pack.words(language)
    service = pack.services.get(request.service_code)
    department = pack.departments.get(request.department or "")
    outcome = pack.city.outcomes.get(outcome_code or "")
    expected = request.expected_datetime
    values = {
        "service_request_id": request.service_request_id,
        "service_name": text(service.service_name, language) if service else request.service_name,
        "description": request.description,
        "address": request.place.address,
        "requested_datetime": texts.when(request.requested_datetime, pack.city.zone),
        "expected_datetime": texts.when(expected, pack.city.zone) if expected else None,
        "department": text(department.name, language) if department else request.agency_responsible,
        "follow_url": link,
        "city": text(pack.city.name, language),
        "contact_email": pack.city.contact.email,
        "contact_phone": pack.city.contact.phone,
        "state": texts.states.get(request.state, request.state),
        "words": words,
        "outcome": text(outcome.name, language) if outcome else None,
        **more,
    }
    template = texts.messages.get(name) or texts.messages["request_moved"]
    filled = template.filled(values)
    return Message(
        message_id=f"{request.service_request_id}-{request.revision}-{name}",
        service_request_id=request.service_request_id,
        jurisdiction_id=request.jurisdiction_id,
        purpose=name,
        language=language,
        subject=filled.subject,
        body=filled.body,
    )
