"""A stand-in for media: keeps nothing, answers as its contract says, or as a test wants."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FakeMedia:
    """Listens on a free port; ``answers`` is what it says next instead of keeping the photo."""

    def __init__(self):
        self.asked = []
        self.answer = None
        self.delay_s = 0.0
        fake = self

        class Door(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                fake.asked.append((self.path, dict(self.headers), body))
                time.sleep(fake.delay_s)
                status, answer = fake.answer or (201, kept(body))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def reset(self):
        self.asked.clear()
        self.answer, self.delay_s = None, 0.0

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def kept(body):
    head, _, rest = body.partition(b'name="file"')
    assert b"jurisdiction_id" in head
    picture = rest.partition(b"\r\n\r\n")[2].partition(b"\r\n--")[0]
    media_id = hashlib.sha256(picture).hexdigest()
    return {"media_id": media_id, "path": f"/media/v1/{media_id}/1024.jpg"}
