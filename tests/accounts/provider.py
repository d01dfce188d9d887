"""An OpenID Connect provider: its keys on a real socket, and the tokens that it gives."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

AUDIENCE = "isthmus-web"


class Provider:
    """Signs with one key, which it publishes."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.fetched = 0
        self.key: RSAPrivateKey = generate_private_key(65_537, 2_048)

    def jwks(self) -> bytes:
        self.fetched += 1
        public = RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return json.dumps({"keys": [{**public, "kid": "one", "alg": "RS256"}]}).encode()

    def token(
        self,
        subject: str,
        *,
        kid: str = "one",
        key: Any = None,
        algorithm: str = "RS256",
        **claims: Any,
    ) -> str:
        now = datetime.now(UTC)
        given = {
            "iss": self.issuer,
            "sub": subject,
            "aud": AUDIENCE,
            "sid": f"session of {subject}",
            "iat": now,
            "exp": now + timedelta(minutes=1),
            "email": f"{subject}@example.org",
            "email_verified": True,
            "name": "From afar",
            **claims,
        }
        kept = {name: value for name, value in given.items() if value is not None}
        return jwt.encode(kept, key or self.key, algorithm=algorithm, headers={"kid": kid})


@contextmanager
def open_provider() -> Iterator[Provider]:
    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = provider.jwks()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Keys)
    provider = Provider(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
