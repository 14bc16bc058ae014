"""What a service may refuse, and what is merely away: a small tree of errors.

A ``ServiceError`` carries a text that is safe and useful to the person who asked; it is raised
inside and translated once, at the edge: ``web`` makes a GeoReport error list of it, ``consumer``
parks the event with it. An ``Outage`` is no refusal: the same thing is tried again later.
"""

from collections.abc import Iterable


class ServiceError(Exception):
    """A refusal whose text is safe and useful to the person who asked."""

    status = 400

    def __init__(self, description: str, *, code: int | str | None = None) -> None:
        super().__init__(description)
        self.description = description
        self.code = self.status if code is None else code

    @property
    def errors(self) -> list[tuple[int | str, str]]:
        """The entries of the error list: code and description, at least one."""
        return [(self.code, self.description)]

    @property
    def headers(self) -> dict[str, str]:
        """HTTP headers that belong to the answer."""
        return {}


class BadInput(ServiceError):
    """Something given cannot be used; the text names the field."""


class Refusals(BadInput):
    """Several things are wrong at once: one entry each."""

    def __init__(self, descriptions: Iterable[str]) -> None:
        self.descriptions = list(descriptions)
        super().__init__("; ".join(self.descriptions))

    @property
    def errors(self) -> list[tuple[int | str, str]]:
        """One entry per refused thing."""
        return [(self.code, description) for description in self.descriptions]


class NotKnown(ServiceError):
    """Who calls is not known, or not any more: they must show something else."""

    status = 401

    @property
    def headers(self) -> dict[str, str]:
        """What is asked for, as RFC 6750 wants it beside a 401."""
        return {"WWW-Authenticate": 'Bearer error="invalid_token"'}


class Forbidden(ServiceError):
    """The key is missing, wrong, or not good for this."""

    status = 403


class NotFound(ServiceError):
    """It does not exist, or not for the one who asks."""

    status = 404


class NotAllowed(ServiceError):
    """The resource knows no such method."""

    status = 405

    def __init__(self, description: str, *, allow: str) -> None:
        super().__init__(description)
        self.allow = allow

    @property
    def headers(self) -> dict[str, str]:
        """Allow, as RFC 9110 wants it beside a 405."""
        return {"Allow": self.allow}


class Conflict(ServiceError):
    """It cannot be done in the present state."""

    status = 409


class Gone(ServiceError):
    """It existed and its time is over."""

    status = 410


class Outdated(ServiceError):
    """It has changed since the one who asks looked at it."""

    status = 412


class TooLarge(ServiceError):
    """A body or a file is over its limit."""

    status = 413


class UnsupportedMedia(ServiceError):
    """The body comes in a form that is not read here."""

    status = 415


class TooMany(ServiceError):
    """The client asks more often than it may."""

    status = 429

    def __init__(self, description: str, *, retry_after_s: int) -> None:
        super().__init__(description)
        self.retry_after_s = retry_after_s

    @property
    def headers(self) -> dict[str, str]:
        """When to ask again."""
        return {"Retry-After": str(self.retry_after_s)}


class Mismatch(ServiceError):
    """It contradicts what the same client said before."""

    status = 422


class Unavailable(ServiceError):
    """A part that the answer needs is away."""

    status = 503

    def __init__(self, description: str, *, retry_after_s: int = 5) -> None:
        super().__init__(description)
        self.retry_after_s = retry_after_s

    @property
    def headers(self) -> dict[str, str]:
        """When to ask again."""
        return {"Retry-After": str(self.retry_after_s)}


class Outage(Exception):
    """A part is away: not refused, not parked, met again later."""
