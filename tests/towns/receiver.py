"""A receiver of webhooks: a real HTTP server that answers as a test tells it to."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ANSWER = {"status": 204, "headers": {}, "body": b"", "pause_s": 0.0}


class Receiver:
    """Keeps what was posted to it; the newest answer counts for all paths without their own."""

    def __init__(self):
        self.messages, self.asked = [], []
        self.answers = {}
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                receiver.keep(self, body)

            def do_GET(self):
                receiver.asked.append(self.path)
                self.send_error(404)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def answer(self, status=204, *, path=None, pause_s=0.0, body=b"", **headers):
        self.answers[path] = {
            "status": status,
            "headers": headers,
            "body": body,
            "pause_s": pause_s,
        }

    def keep(self, handler, body):
        path = handler.path
        self.asked.append(path)
        answer = self.answers.get(path) or self.answers.get(None) or ANSWER
        time.sleep(answer["pause_s"])
        if answer["status"] < 300:
            self.messages.append((path, dict(handler.headers), body))
        try:
            handler.send_response(answer["status"])
            for name, value in answer["headers"].items():
                handler.send_header(name.replace("_", "-"), value)
            handler.send_header("Content-Length", str(len(answer["body"])))
            handler.end_headers()
            handler.wfile.write(answer["body"])
        except OSError:
            handler.close_connection = True

    def at(self, path):
        return [(headers, body) for where, headers, body in self.messages if where == path]

    def reset(self):
        self.messages.clear()
        self.asked.clear()
        self.answers.clear()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
