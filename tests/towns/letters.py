"""A stand-in for routing's letters: answers as its contract says, or as a test wants."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FakeLetters:
    """Listens on a free port; ``letters`` are those it has, by link; ``status`` rules them out."""

    def __init__(self):
        self.letters = {}
        self.status = None
        self.asked = []
        fake = self

        class Door(BaseHTTPRequestHandler):
            def do_GET(self):
                fake.asked.append((self.path, self.headers["Authorization"]))
                letter = fake.letters.get(self.path.rpartition("/")[2])
                self.send_response(fake.status or (200 if letter else 404))
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(letter).encode())

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
