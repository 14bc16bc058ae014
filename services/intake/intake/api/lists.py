"""Lists as they are answered: pages with their links, known again by what they are made of."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from servicekit import georeport, web
from servicekit.web import caching

from intake import domain, store
from intake.wire import PAGE_SIZES

SHELF_BYTES = 16 << 20
_HELD = 512
Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question for a list: what was sent (without secrets), and what it means."""

    url: str
    sent: Pairs
    search: domain.Search
    format: str


@dataclass
class Shelf:
    """Lists that were answered more than once, by the question and what their rows were then."""

    most_bytes: int = SHELF_BYTES
    _lists: OrderedDict[tuple[object, ...], bytes] = field(default_factory=OrderedDict)
    _heard: OrderedDict[object, None] = field(default_factory=OrderedDict)
    _bytes: int = 0

    def heard(self, question: object) -> bool:
        """Tell whether a question was asked before, and remember it."""
        before = question in self._heard
        self._heard[question] = None
        self._heard.move_to_end(question)
        if len(self._heard) > _HELD:
            self._heard.popitem(last=False)
        return before

    def take(self, question: object, mark: store.Mark) -> bytes | None:
        """Return the list that was put down for a question and a mark, if it is still here."""
        found = self._lists.get((question, mark))
        if found is not None:
            self._lists.move_to_end((question, mark))
        return found

    def put(self, question: object, mark: store.Mark, body: bytes) -> None:
        """Put a list down; the ones not asked for longest make room."""
        self._bytes += len(body) - len(self._lists.pop((question, mark), b""))
        self._lists[question, mark] = body
        while self._bytes > self.most_bytes:
            self._bytes -= len(self._lists.popitem(last=False)[1])


@dataclass
class Lists:
    """Answers lists out of prepared fragments.

    Who has the list, or asks for one that was asked for a moment ago, costs a look into an index:
    what the rows are known by. Only when that is new, and rows are not held, are they read.
    """

    reads: store.Reads
    shelf: Shelf = field(default_factory=Shelf)

    async def answer(self, asked: Asked) -> web.Answer:
        """Return a list, or that the client has it."""
        question = (asked.url, asked.format, *asked.sent)
        heard = self.shelf.heard(question)
        if heard or caching.asked_before() or self.reads.likely(asked.search, asked.format):
            known = await self.reads.known(asked.search)
            headers = _headers(asked, known.mark, known.total)
            if caching.known(headers["ETag"]):
                return caching.not_modified(headers["ETag"], headers)
            body = self.shelf.take(question, known.mark)
            if body is None:
                body = await self._composed(asked, known)
                if heard and body is not None:
                    self.shelf.put(question, known.mark, body)
            if body is not None:
                return _answer(body, asked.format, headers)
        page = await self.reads.page(asked.search, asked.format, again=heard)
        body = joined(page.fragments, asked.format)
        if heard:
            self.shelf.put(question, page.mark, body)
        total = await self._total(asked, page) if asked.search.paged else None
        return _answer(body, asked.format, _headers(asked, page.mark, total))

    async def _total(self, asked: Asked, page: store.Page) -> int | None:
        return await self.reads.total(asked.search, page.mark.rows, page.few)

    async def _composed(self, asked: Asked, known: store.Known) -> bytes | None:
        fragments = await self.reads.held(asked.search, known, asked.format)
        return joined(fragments, asked.format) if fragments else None


def _headers(asked: Asked, mark: store.Mark, total: int | None) -> dict[str, str]:
    tag, told = f'W/"{mark}"', {}
    if asked.search.paged:
        told = page_headers(asked, mark.rows, total)
        tag = f'W/"{mark}-{total}"'
    return {"ETag": tag, "Cache-Control": caching.REVALIDATE, **told}


def joined(fragments: list[bytes], fmt: str) -> bytes:
    """Return requests that are rendered already as one list."""
    if fmt == georeport.XML:
        return georeport.join_xml("service_requests", fragments)
    return georeport.join_json(fragments)


def page_headers(asked: Asked, rows: int, total: int | None) -> dict[str, str]:
    """Return how many there are, and the ways to other pages.

    Where it is not known how many there are, a full page is followed by a next one, and no page is
    the last. Source: RFC 8288. The links are made of the parameters that the contract knows, so
    that an api_key sent along with a GET is not handed on.
    """
    size, page = asked.search.page_size, asked.search.page
    ways = {"first": 1, "prev": page - 1, "next": page + 1 if rows == size else 0}
    told = {}
    if total is not None:
        last = max(1, -(-total // size))
        ways = {"first": 1, "prev": min(page - 1, last), "next": page + 1, "last": last}
        ways["next"] = page + 1 if page < last else 0
        told = {"X-Total-Count": str(total)}
    links = [f'<{_address(asked, to)}>; rel="{name}"' for name, to in ways.items() if to > 0]
    return {**told, "Link": ", ".join(links)}


def _address(asked: Asked, page: int) -> str:
    sent = [(name, value) for name, value in asked.sent if name not in {"page", *PAGE_SIZES}]
    pages = [("page", str(page)), ("page_size", str(asked.search.page_size))]
    return f"{asked.url}?{urlencode([*sent, *pages])}"


def _answer(body: bytes, fmt: str, headers: dict[str, str]) -> web.Answer:
    return web.Answer(body=body, media_type=georeport.MEDIA_TYPES[fmt], headers=headers)
