"""The way of a multipart photo to media: the one synchronous call between services."""

from typing import BinaryIO, Protocol

import httpx
from servicekit import logs, trace
from servicekit.errors import BadInput, TooLarge, Unavailable

from intake.domain import Photo

log = logs.get(__name__)
_CREATED = 201
_TOO_LARGE = 413
_REFUSED = frozenset({400, 415, 422})
_AWAY = "photos cannot be taken in just now; try again soon, or report without one"


class File(Protocol):
    """A file part as the HTTP door hands it over."""

    @property
    def filename(self) -> str:
        """The client's name of it."""

    @property
    def content_type(self) -> str:
        """The client's word for what it is."""

    @property
    def file(self) -> BinaryIO:
        """Its bytes."""


class Photos:
    """Hands photos to media and says clearly when it cannot."""

    def __init__(self, media_url: str, token: str, timeout_s: float) -> None:
        self.client = httpx.Client(
            base_url=media_url,
            timeout=timeout_s,
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
        )

    def keep(
        self, file: File, *, jurisdiction_id: str, service_request_id: str, role: str = "report"
    ) -> Photo:
        """Store one photo of a report and return it.

        One that comes as a ``result`` is shown only when somebody says that it belongs there.
        Raises BadInput when media refuses it, TooLarge when it is too big, Unavailable when
        media does not answer in time.
        """
        fields = {
            "jurisdiction_id": jurisdiction_id,
            "service_request_id": service_request_id,
            "role": role,
        }
        part = (
            file.filename or "photo",
            file.file,
            file.content_type or "application/octet-stream",
        )
        traceparent = trace.current()
        try:
            answer = self.client.post(
                "/media/v1/photos",
                data=fields,
                files={"file": part},
                headers={"traceparent": traceparent} if traceparent else {},
            )
        except httpx.HTTPError as trouble:
            log.warning("media does not answer", reason=type(trouble).__name__)
            raise Unavailable(_AWAY) from trouble
        if answer.status_code == _CREATED:
            kept = answer.json()
            return Photo(media_id=kept["media_id"], role=role, path=kept["path"], told=True)
        raise _refusal(answer, file.filename)


def _refusal(answer: httpx.Response, filename: str) -> BadInput | TooLarge | Unavailable:
    words = f"photo {filename!r}: {_first_description(answer)}"
    if answer.status_code == _TOO_LARGE:
        return TooLarge(words)
    if answer.status_code in _REFUSED:
        return BadInput(words)
    log.warning("media refuses us", status=answer.status_code)
    return Unavailable(_AWAY)


def _first_description(answer: httpx.Response) -> str:
    try:
        return str(answer.json()[0]["description"])
    except (ValueError, KeyError, IndexError, TypeError):
        return "it cannot be used"
