"""The public doors that a history comes in by: import, moves, photos, evaluations."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import httpx

from onebox.box import Box
from onebox.demo.shapes import Step, Story, Verdict

FIRST_WAIT_S: Final = 0.3
LONGEST_WAIT_S: Final = 4.0
TROUBLE: Final = frozenset((408, 425, 429, 500, 502, 503, 504))
NOT_YET: Final = frozenset((404,))
OK, CREATED, CONFLICT = 200, 201, 409
PAGE: Final = 500


class Refused(Exception):
    """A door said no, with its reason; or nobody answered in time."""

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        super().__init__(f"{status} {reason}" if status else reason)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the import door gives back."""

    service_request_id: str = ""
    token: str = ""


@dataclass
class Doors:
    """One box, with its four keys."""

    http: httpx.AsyncClient
    box: Box
    patience_s: float = 240.0
    tries: int = field(default=0)

    async def bring(self, story: Story, photo: bytes | None) -> Receipt:
        """Bring in the report; one that a lost answer left behind is found and not doubled."""
        pairs = _form(story, self.box.key("import"))
        files = [("media", ("photo.jpg", photo, "image/jpeg"))] if photo else []

        async def post() -> httpx.Response:
            data: dict[str, Any] = {}
            for name, value in pairs:
                data.setdefault(name, []).append(value)
            return await self.http.post("/api/intake/v1/import", data=data, files=files or None)

        async def look() -> Receipt | None:
            return await self._brought_before(story)

        answer = await self._until(post, look=look)
        if isinstance(answer, Receipt):
            return answer
        receipt = answer.json()[0]
        return Receipt(
            str(receipt.get("service_request_id") or ""), str(receipt.get("token") or "")
        )

    async def _brought_before(self, story: Story) -> Receipt | None:
        moment = _moment(story.requested)
        listed = await self.http.get(
            "/open311/v2/requests.json",
            params={
                "jurisdiction_id": story.jurisdiction_id,
                "service_code": story.service_code,
                "start_date": moment,
                "end_date": moment,
            },
        )
        if listed.status_code != OK:
            return None
        for one in listed.json():
            if one.get("address") == story.address:
                return Receipt(str(one["service_request_id"]))
        return None

    async def upload(self, story: Story, photo: bytes) -> str:
        """Bring a result photo; return its media_id."""
        bearer = _bearer(self.box.key("import-photos"))
        data = {"jurisdiction_id": story.jurisdiction_id, "role": "result"}

        async def post() -> httpx.Response:
            files = {"file": ("result.jpg", photo, "image/jpeg")}
            return await self.http.post("/media/v1/photos", data=data, files=files, headers=bearer)

        answer = await self._until(post)
        return str(answer.json()["media_id"])

    async def move(
        self, case: str, step: Step, update_id: str, extra: Mapping[str, Any], *, waits: bool
    ) -> None:
        """Make a move of the past. ``waits``: the case has yet to be opened again for it."""
        body = {
            "move": step.move,
            "by": step.by,
            "moved_datetime": _moment(step.at),
            "update_id": update_id,
            "outcome_code": step.outcome_code,
            "words": step.words,
            "reason": step.reason,
            "to_department": step.to_department,
            **extra,
        }
        given = {name: value for name, value in body.items() if value is not None}
        bearer = _bearer(self.box.key("import-moves"))

        async def post() -> httpx.Response:
            path = f"/api/routing/v1/cases/{case}/moves"
            return await self.http.post(path, json=given, headers=bearer)

        await self._until(post, again=NOT_YET | {CONFLICT} if waits else NOT_YET)

    async def evaluate(self, story: Story, case: str, verdict: Verdict) -> None:
        """Bring in what the citizen said."""
        body = {
            "solved": verdict.solved,
            "rating": verdict.rating,
            "reasons": list(verdict.reasons),
            "words": verdict.words,
            "evaluated_datetime": _moment(verdict.at),
        }
        bearer = _bearer(self.box.key("import-evaluations"))

        async def post() -> httpx.Response:
            path = f"/api/feedback/v1/requests/{case}/evaluations"
            asked = {"jurisdiction_id": story.jurisdiction_id}
            return await self.http.post(path, params=asked, json=body, headers=bearer)

        await self._until(post, again=NOT_YET)

    async def cases(self, jurisdiction_id: str, service_code: str) -> list[Mapping[str, Any]]:
        """List the cases of a service: the way to those that nobody was given an id for."""
        bearer = _bearer(self.box.key("import-moves"))
        found: list[Mapping[str, Any]] = []
        after: str | None = None
        while True:
            asked = {
                "jurisdiction_id": jurisdiction_id,
                "service_code": service_code,
                "page_size": str(PAGE),
                **({"after": after} if after else {}),
            }

            async def get(asked: Mapping[str, str] = asked) -> httpx.Response:
                return await self.http.get("/api/routing/v1/cases", params=asked, headers=bearer)

            page = (await self._until(get)).json()
            found += page["cases"]
            after = page["next"]
            if after is None:
                return found

    async def _until(
        self,
        ask: Callable[[], Any],
        *,
        again: frozenset[int] = frozenset(),
        look: Callable[[], Any] | None = None,
    ) -> Any:
        """Ask until there is an answer that lasts; raises Refused for a no and after patience."""
        loop = asyncio.get_running_loop()
        end, wait_s = loop.time() + self.patience_s, FIRST_WAIT_S
        while True:
            self.tries += 1
            status, reason, doubtful = 0, "", False
            try:
                answer = await ask()
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
                reason = f"{type(error).__name__}: {error}"
            except httpx.TransportError as error:
                reason, doubtful = f"{type(error).__name__}: {error}", True
            else:
                status, reason = answer.status_code, _reason(answer)
                if status in (OK, CREATED):
                    return answer
                doubtful = status in (500, 502, 504)
            if (status and status not in TROUBLE | again) or loop.time() + wait_s > end:
                raise Refused(status, reason)
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 1.6, LONGEST_WAIT_S)
            if doubtful and look is not None and (found := await _try(look)):
                return found


async def _try(look: Callable[[], Any]) -> Any:
    try:
        return await look()
    except httpx.TransportError:
        return None


def _form(story: Story, key: str) -> Sequence[tuple[str, str]]:
    pairs = [
        ("api_key", key),
        ("jurisdiction_id", story.jurisdiction_id),
        ("service_code", story.service_code),
        ("lat", repr(story.lat)),
        ("long", repr(story.long)),
        ("address_string", story.address),
        ("description", story.description),
        ("requested_datetime", _moment(story.requested)),
        ("channel", story.channel),
        *story.answers,
    ]
    return [*pairs, ("email", story.email)] if story.email else pairs


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def _moment(moment: datetime) -> str:
    return (moment - timedelta(microseconds=moment.microsecond)).isoformat()


def _reason(answer: httpx.Response) -> str:
    try:
        return "; ".join(str(error["description"]) for error in answer.json())
    except (ValueError, KeyError, TypeError):
        return answer.text[:200]
