"""A gate before a server: bytes pass both ways until the one request that must not arrive."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable


class Gate:
    """Stands before an HTTP server on a port of its own."""

    def __init__(self, host: str, port: int) -> None:
        self.behind = (host, port)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._word: bytes | None = None
        self._then: Callable[[], None] = lambda: None
        threading.Thread(target=self._accept, daemon=True).start()

    def stop_next_put(self, word: bytes, then: Callable[[], None]) -> None:
        """Let the next PUT whose first line has ``word`` not pass, and call ``then``, once."""
        self._then, self._word = then, word

    def close(self) -> None:
        """Let nobody in any more."""
        self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                client, _ = self._server.accept()
                server = socket.create_connection(self.behind)
                for ends in ((client, server), (server, client)):
                    threading.Thread(target=self._pass, args=ends, daemon=True).start()

    def _pass(self, source: socket.socket, to: socket.socket) -> None:
        with contextlib.suppress(OSError), source, to:
            while data := source.recv(65536):
                if self._stops(data):
                    self._then()
                    return
                to.sendall(data)
            to.shutdown(socket.SHUT_WR)

    def _stops(self, data: bytes) -> bool:
        line = data.split(b"\r\n", 1)[0]
        if self._word is None or not line.startswith(b"PUT ") or self._word not in line:
            return False
        self._word = None
        return True
