"""A browser as far as a front is concerned: one address, cookies, forms, no redirects followed."""

import http.client
import json
import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

from tests.faults.shipped import SITE

WAIT = 30.0


@dataclass
class Reply:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    text: str

    @property
    def document(self) -> Any:
        return json.loads(self.text)


class Browser:
    """Asks a port of this machine from `address`, sending `headers` with everything."""

    def __init__(self, port: int, address: str = "127.0.0.8", **headers: str) -> None:
        self.port = port
        self.address = address
        self.cookies: SimpleCookie = SimpleCookie()
        self._headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def ask(
        self, path: str, *, method: str = "GET", body: str = "", headers: Mapping[str, str] = {}
    ) -> Reply:
        sent = {"Host": SITE, **self._headers, **headers}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{one.key}={one.value}" for one in self.cookies.values())
        line = http.client.HTTPConnection("127.0.0.1", self.port, WAIT, (self.address, 0))
        with closing(line):
            line.request(method, path, body or None, sent)
            came = line.getresponse()
            text = came.read().decode()
        for said in came.headers.get_all("Set-Cookie", []):
            self.cookies.load(said)
        return Reply(came.status, came.headers, text)

    def submit(self, path: str, *, origin: str, **fields: str) -> Reply:
        """Open the page of a form, fill it in, and send it from `origin`."""
        page = self.ask(path)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert token, page.status
        form = urlencode({"csrfmiddlewaretoken": token[1], **fields})
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": origin,
            "Referer": f"{origin}{path}",
        }
        return self.ask(path, method="POST", body=form, headers=headers)

    def call(self, path: str, body: Any, **headers: str) -> Reply:
        """POST to the API."""
        sent = {"Content-Type": "application/json"} | headers
        return self.ask(f"/api/v1{path}", method="POST", body=json.dumps(body), headers=sent)

    def guess(self, email: str) -> int:
        """The status of a wrong password."""
        return self.call("/auth/login", {"email": email, "password": "wrong"}).status
