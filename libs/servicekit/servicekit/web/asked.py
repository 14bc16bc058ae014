"""The request under way, as all that has to do with it sees it: made once, at the edge."""

from contextvars import ContextVar

from starlette.types import Scope

from servicekit.web.form import Form


class Asked:
    """What was asked, by whom, and the form that came with it once it is read."""

    __slots__ = ("form", "headers", "is_head", "method", "path", "peer", "query")

    def __init__(self, scope: Scope) -> None:
        given: str = scope["method"]
        self.is_head = given == "HEAD"
        self.method = "GET" if self.is_head else given
        self.path: str = scope["path"]
        self.query: bytes = scope["query_string"]
        client = scope.get("client")
        self.peer: str | None = client[0] if client else None
        # Of a header that was sent twice the first counts.
        self.headers: dict[bytes, bytes] = dict(reversed([*scope["headers"]]))
        self.form: Form | None = None

    def header(self, name: str) -> str | None:
        """Return a header by its name in small letters."""
        found = self.headers.get(name.encode())
        return None if found is None else found.decode("latin-1")


# Never reset: each request is a task of its own, and its context ends with it.
current: ContextVar[Asked | None] = ContextVar("asked", default=None)
