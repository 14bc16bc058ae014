"""Media as a department's system needs it: takes a result photo, and says what it is called."""

import hashlib
import threading
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

import orjson

PATH = "/media/v1/photos"
_MOST_BYTES = 22_020_096


class Media:
    """A small server of ``POST /media/v1/photos``; ``given`` are the names it gave out."""

    def __init__(self, host: str, port: int) -> None:
        self.given: set[str] = set()
        self._server = ThreadingHTTPServer((host, port), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Where it is."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take(self, content_type: str, body: bytes) -> tuple[int, object]:
        """Return status and answer for an upload."""
        head = b"Content-Type: " + content_type.encode() + b"\r\n\r\n"
        parts: dict[str, bytes] = {}
        message = message_from_bytes(head + body)
        for part in message.get_payload() if message.is_multipart() else []:
            name = part.get_param("name", header="content-disposition")  # type: ignore[union-attr]
            parts[str(name)] = part.get_payload(decode=True)  # type: ignore[union-attr, assignment]
        if parts.get("role") != b"result" or not parts.get("jurisdiction_id"):
            return 400, [{"code": 400, "description": "role result and jurisdiction_id required"}]
        if not parts.get("file"):
            return 400, [{"code": 400, "description": "file required"}]
        media_id = hashlib.sha256(parts["file"]).hexdigest()
        self.given.add(media_id)
        return 201, {"media_id": media_id, "role": "result"}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        media = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = min(int(self.headers.get("Content-Length") or 0), _MOST_BYTES)
                body = self.rfile.read(size)
                status: int = 404
                answer: object = [{"code": 404, "description": "not found"}]
                if not (self.headers.get("Authorization") or "").startswith("Bearer "):
                    status, answer = 403, [{"code": 403, "description": "a key is needed"}]
                elif self.path == PATH:
                    status, answer = media.take(self.headers.get("Content-Type") or "", body)
                self._answer(status, answer)

            def _answer(self, status: int, answer: object) -> None:
                said = orjson.dumps(answer)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler
