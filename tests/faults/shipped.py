"""What docker-compose.yml starts, told what that file tells it, for a front to stand before."""

import http.client
from contextlib import closing
from pathlib import Path

from benchmarks.services import free_port
from tests.faults.fleet import GUNICORN, Fleet, wait_until

SITE = "stay.example"
"""The name guests use."""
WRONG_PASSWORDS = 3
"""Told for one log-in name at one place; then 429."""

_BEHIND_ANOTHER = {"HTTPS": "1", "BEHIND_HTTPS_PROXY": "1", "TRUSTED_PROXIES": "2"}


class Shipped(Fleet):
    """`api` and `live`; and `inner-api` and `inner-live`, as behind a proxy that ends TLS."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.ports = {name: free_port() for name in ("api", "inner-api", "live", "inner-live")}
        self.shared_port = free_port()

    def start(self) -> None:
        self.postgres.start()
        self.redis.start()
        self.manage("prepare")
        self.launch("api")
        self.launch("inner-api", **_BEHIND_ANOTHER)
        self._start_boards("live")
        self._start_boards("inner-live", **_BEHIND_ANOTHER)
        for name in self.ports:
            self._wait(name)

    def environment(self) -> dict[str, str]:
        return super().environment() | {
            "ALLOWED_HOSTS": f"{SITE},127.0.0.1",
            "TRUSTED_PROXIES": "1",
            # Refused together with HTTPS.
            "WEBHOOK_ALLOW": "",
            "LOGIN_FAILURE_RATE": f"{WRONG_PASSWORDS}/d",
        }

    def serve_at(self, address: str) -> None:
        """Start an API process at an address of its own and the port that all such have."""
        self._start(address, *GUNICORN, HOST=address, PORT=str(self.shared_port))
        wait_until(lambda: self._is_ready(address))

    def stop_at(self, address: str) -> int:
        """Ask it to end, as `docker compose` does; its exit code."""
        return self.ask_to_end(address).wait(60)

    def letters(self) -> list[str]:
        """Letters that were written, the last one last."""
        found = sorted((self.logs / "mail").glob("*"), key=lambda path: path.stat().st_mtime_ns)
        return [path.read_text() for path in found]

    def _is_ready(self, address: str) -> bool:
        with closing(http.client.HTTPConnection(address, self.shared_port, timeout=5)) as line:
            try:
                # Not among ALLOWED_HOSTS, so by the name that is.
                line.request("GET", "/readyz", headers={"Host": SITE})
                return line.getresponse().status == 200
            except OSError:
                return False
