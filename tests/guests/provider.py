"""A small OpenID Connect provider on 127.0.0.1, for tests of signing in through one."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt

CLIENT_ID = "holdfast"
CLIENT_SECRET = "shared-with-the-provider"


@dataclass
class Provider:
    """`person` is who signs in next: the claims of their userinfo."""

    url: str
    person: dict[str, Any] = field(default_factory=dict)
    asked: dict[str, dict[str, str]] = field(default_factory=dict)
    """What the authorize request of each code asked."""


@contextmanager
def running() -> Iterator[Provider]:
    """Serve until the block ends, on a free port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.provider = Provider(url=f"http://127.0.0.1:{server.server_port}")  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.provider  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    @property
    def provider(self) -> Provider:
        return self.server.provider  # type: ignore[attr-defined]

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        match parts.path:
            case "/.well-known/openid-configuration":
                self._answer(self._configuration())
            case "/authorize":
                code = f"code-{len(self.provider.asked)}"
                self.provider.asked[code] = query
                back = urlencode({"code": code, "state": query["state"]})
                self.send_response(302)
                self.send_header("Location", f"{query['redirect_uri']}?{back}")
                self.end_headers()
            case "/nonsense/.well-known/x":
                self._answer("<!doctype html>")
            case "/userinfo" if self.headers["Authorization"] == "Bearer opaque":
                self._answer(self.provider.person)
            case _:
                self._answer({"error": "not_found"}, status=404)

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        form = {n: v[0] for n, v in parse_qs(self.rfile.read(length).decode()).items()}
        asked = self.provider.asked.pop(form.get("code", ""), {})
        verifier = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(verifier).decode().rstrip("=")
        is_right = (
            self.path == "/token"
            and (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)
            and asked.get("code_challenge") == challenge
            and asked.get("redirect_uri") == form.get("redirect_uri")
        )
        if not is_right:
            self._answer({"error": "invalid_grant"}, status=400)
            return
        claims = {"iss": self.provider.url, "aud": CLIENT_ID, "exp": 2**33, "iat": 0}
        id_token = jwt.encode(claims | self.provider.person, "p" * 32, algorithm="HS256")
        self._answer({"access_token": "opaque", "token_type": "Bearer", "id_token": id_token})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its signature
        """Say nothing on the terminal."""

    def _configuration(self) -> dict[str, Any]:
        url = self.provider.url
        return {
            "issuer": url,
            "authorization_endpoint": f"{url}/authorize",
            "token_endpoint": f"{url}/token",
            "userinfo_endpoint": f"{url}/userinfo",
            "jwks_uri": f"{url}/jwks",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }

    def _answer(self, content: dict[str, Any] | str, status: int = 200) -> None:
        body = (content if isinstance(content, str) else json.dumps(content)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
