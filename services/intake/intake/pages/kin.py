"""What a report's page says of those that it belongs together with."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from intake import actions, domain, store
from intake.domain.kin import ALONE

Told = dict[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Another report: its number, its page if the reader may see one, and how it stands."""

    number: str
    url: str | None
    told: Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """The report that one is handled with, the one that it is a part of, and its parts."""

    root: Other | None = None
    parent: Other | None = None
    parts: tuple[Other, ...] = ()


def beside(
    session: Session,
    ground: actions.Ground,
    request: domain.Request,
    told: Callable[[domain.Request], Told],
    *,
    secret: bool,
) -> Beside:
    """Return what to say of others on a request's page.

    Parts and what was split are its reporter's own: who holds the secret address of one may see
    the others. Anybody else is told only of what is public.
    """
    related = store.related(session, [request.service_request_id]).get(
        request.service_request_id, ALONE
    )
    found = store.find_requests(session, related.all)

    def other(number: str | None, *, own: bool) -> Other | None:
        one = found.get(number or "")
        if one is None:
            return None
        public = one.visibility == "public"
        if own and secret:
            return Other(number=one.service_request_id, url=ground.link(one), told=told(one))
        if public:
            url = f"/reports/{one.service_request_id}"
            return Other(number=one.service_request_id, url=url, told=told(one))
        return Other(number=one.service_request_id, url=None, told={}) if secret else None

    return Beside(
        root=other(related.duplicate_of, own=False),
        parent=other(related.parent, own=True),
        parts=_there(other(one, own=True) for one in related.parts),
    )


def _there(found: Iterable[Other | None]) -> tuple[Other, ...]:
    return tuple(one for one in found if one is not None)
