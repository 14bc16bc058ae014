"""A stand-in for who knows people: routing with its local accounts, and an OpenID issuer."""

from __future__ import annotations

import json
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from joserfc import jwt
from parts.issuers import AUDIENCE, a_key

INTROSPECTION = "/api/routing/v1/introspection"
FAR = 4_000_000_000  # seconds since 1970


class FakeSigning:
    """Listens on a free port; ``status`` is what it answers to questions about sessions."""

    def __init__(self, service_token):
        self.sessions, self.status = {}, 200
        self.key = a_key("k1")
        fake = self

        class Door(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                ours = self.headers["Authorization"] == f"Bearer {service_token}"
                if self.path != INTROSPECTION or not ours:
                    self.answer(401, {})
                [text] = parse_qs(body)["token"]
                self.answer(fake.status, fake.sessions.get(text, {"active": False}))

            def do_GET(self):
                if self.path.endswith("/.well-known/openid-configuration"):
                    said = {"issuer": fake.url, "jwks_uri": f"{fake.url}/keys"}
                else:
                    said = {"keys": [fake.key.as_dict(private=False)]}
                self.answer(200, said)

            def answer(self, status, said):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(said).encode())

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def reset(self):
        self.sessions.clear()
        self.status = 200

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def sign_in(self, *roles, cities=(), name="ana"):
        """Return the token of somebody who signed in with a local account."""
        token = f"session_{uuid.uuid4().hex}"
        self.sessions[token] = {
            "active": True,
            "sub": f"account:{name}",
            "exp": FAR,
            "name": name.title(),
            "roles": list(roles),
            "departments": [],
            "jurisdictions": None if cities is None else list(cities),
        }
        return token

    def access_token(self, now, *roles, cities=(), name="ana"):
        """Return a token that the issuer signed."""
        said = {"iss": self.url, "aud": AUDIENCE, "sub": name, "roles": roles}
        times = {"iat": int(now.timestamp()), "exp": int(now.timestamp()) + 300}
        claims = {**said, **times, "jurisdictions": cities}
        return jwt.encode({"alg": "RS256", "kid": "k1"}, claims, self.key)
