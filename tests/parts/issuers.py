"""An OpenID issuer that stands nowhere: its documents, its keys, and the tokens it signs."""

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

ISSUER = "https://login.example/realms/town"
AUDIENCE = "ombud"


def a_key(kid, kind="RSA"):
    made = RSAKey.generate_key(2048) if kind == "RSA" else ECKey.generate_key("P-256")
    return type(made).import_key({**made.as_dict(private=True), "kid": kid})


class FakeIssuer:
    """Answers as an issuer does and counts how often it was asked; ``away`` makes it fail."""

    def __init__(self, *keys):
        self.keys = list(keys)
        self.asked = []
        self.away = False
        self.calls_itself = ISSUER
        self.extra = []
        self.jwks_uri = "https://login.example/keys"
        self.transport = httpx.MockTransport(self.answer)

    def answer(self, request):
        self.asked.append(str(request.url))
        if self.away:
            raise httpx.ConnectTimeout("nobody there")
        if request.url.path.endswith("/.well-known/openid-configuration"):
            return httpx.Response(
                200, json={"issuer": self.calls_itself, "jwks_uri": self.jwks_uri}
            )
        public = [key.as_dict(private=False) for key in self.keys]
        return httpx.Response(200, json={"keys": public + self.extra})

    def token(self, now, key=None, header=None, algorithm="RS256", **claims):
        key = key or self.keys[0]
        said = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "u-1",
            "iat": int(now.timestamp()),
            "exp": int(now.timestamp()) + 300,
        }
        said = {name: one for name, one in (said | claims).items() if one is not None}
        head = {"alg": algorithm, "kid": key.kid} | (header or {})
        head = {name: one for name, one in head.items() if one is not None}
        return jwt.encode(head, said, key, algorithms=[algorithm])
