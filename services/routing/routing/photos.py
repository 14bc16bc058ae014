"""The way of a photo to media and back: what an answer by mail brings, and what its page shows."""

from typing import BinaryIO, Protocol

import httpx
from servicekit import logs, trace
from servicekit.errors import BadInput, TooLarge, Unavailable

log = logs.get(__name__)
_FOUND, _CREATED, _TOO_LARGE = 200, 201, 413
_REFUSED = frozenset({400, 415, 422})
_AWAY = "media does not answer"


class File(Protocol):
    """A file part as the pages hand it over."""

    @property
    def filename(self) -> str | None:
        """The client's name of it."""

    @property
    def stream(self) -> BinaryIO:
        """Its bytes."""


class Photos:
    """Hands photos to media, and fetches those that the public does not see."""

    def __init__(self, media_url: str, token: str, timeout_s: float) -> None:
        self.client = httpx.Client(
            base_url=media_url,
            timeout=timeout_s,
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
        )

    def keep(
        self, file: File, *, jurisdiction_id: str, role: str, service_request_id: str | None = None
    ) -> str:
        """Keep one photo and return its media_id.

        Raises BadInput when media refuses it, TooLarge when it is too big, Unavailable when
        media does not answer in time.
        """
        fields = {"jurisdiction_id": jurisdiction_id, "role": role}
        if service_request_id:
            fields["service_request_id"] = service_request_id
        part = (file.filename or "photo", file.stream, "application/octet-stream")
        traceparent = trace.current()
        try:
            answer = self.client.post(
                "/media/v1/photos",
                data=fields,
                files={"file": part},
                headers={"traceparent": traceparent} if traceparent else {},
            )
        except httpx.HTTPError as trouble:
            log.warning(_AWAY, reason=type(trouble).__name__)
            raise Unavailable(_AWAY) from trouble
        if answer.status_code == _CREATED:
            return str(answer.json()["media_id"])
        if answer.status_code == _TOO_LARGE:
            raise TooLarge("the photo is too large")
        if answer.status_code in _REFUSED:
            raise BadInput("this is no photo that can be used")
        log.warning("media refuses us", status=answer.status_code)
        raise Unavailable(_AWAY)

    def read(self, media_id: str, size: str = "1024") -> bytes | None:
        """Return a photo as JPEG, None when media has it no more; raises Unavailable."""
        try:
            answer = self.client.get(f"/media/v1/{media_id}/{size}.jpg")
        except httpx.HTTPError as trouble:
            log.warning(_AWAY, reason=type(trouble).__name__)
            raise Unavailable(_AWAY) from trouble
        return answer.content if answer.status_code == _FOUND else None
