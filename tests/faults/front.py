"""Debian's nginx with the front as it is shipped: deploy/ unchanged, but for where things are."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from benchmarks.services import free_port, wait_for

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
PROGRAM = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin")
_PLACES = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
"""Folders that nginx makes at its start, and that elsewhere its package has made."""


OF_0_1_0 = """
map $http_upgrade $connection_upgrade {
    default upgrade;
    ''      close;
}
map $http_x_forwarded_proto $guest_scheme {
    default $http_x_forwarded_proto;
    ''      $scheme;
}
resolver 127.0.0.11 valid=10s;
server {
    listen 8080;
    server_tokens off;
    client_max_body_size 1m;
    access_log off;
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $guest_scheme;
    location /ws/ {
        set $live live:8001;
        proxy_pass http://$live;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $connection_upgrade;
        proxy_read_timeout 1d;
    }
    location / {
        set $api api:8000;
        proxy_pass http://$api;
        proxy_set_header Connection "";
        proxy_read_timeout 65s;
        proxy_next_upstream off;
    }
}
"""
"""The front that was shipped with 0.1.0, which forwarded none of the three headers."""


class Front:
    """One address for guests, on loopback. `files` stand in for those of deploy/, by name."""

    def __init__(
        self,
        folder: Path,
        *,
        api: str,
        live: str,
        resolver: str,
        files: Mapping[str, str] | None = None,
    ) -> None:
        self.port = free_port()
        self._folder = folder
        kept = {path.name: path.read_text() for path in [DEPLOY / "nginx.conf", *mounted()]}
        kept["front.conf"] = (DEPLOY / "front.conf").read_text()
        kept |= files or {}
        elsewhere = {
            "listen 8080": f"listen 127.0.0.1:{self.port}",
            "api:8000": api,
            "live:8001": live,
            "resolver 127.0.0.11": f"resolver {resolver}",
        }
        for written, here in elsewhere.items():
            assert kept["front.conf"].count(written) == 1, written
            kept["front.conf"] = kept["front.conf"].replace(written, here)
        self._lay_out(kept)

    def _lay_out(self, files: dict[str, str]) -> None:
        """As docker-compose.yml mounts them."""
        (self._folder / "conf.d").mkdir(parents=True)
        (self._folder / "conf.d" / "default.conf").write_text(files.pop("front.conf"))
        places = "".join(f"{one}_temp_path {self._folder / one};\n" for one in _PLACES)
        (self._folder / "conf.d" / "places.conf").write_text(places)
        for name, text in files.items():
            (self._folder / name).write_text(text)

    def start(self) -> None:
        with (self._folder / "log").open("w") as log:
            self._process = subprocess.Popen(
                [*self._command(), "-g", f"daemon off; pid {self._folder / 'pid'};"], stderr=log
            )
        wait_for(self.port, self._process)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()

    def log(self) -> str:
        return (self._folder / "log").read_text()

    def _command(self) -> list[str]:
        assert PROGRAM is not None
        return [PROGRAM, "-p", str(self._folder), "-c", str(self._folder / "nginx.conf")]


def mounted() -> list[Path]:
    """The files that front.conf includes by name."""
    return sorted(DEPLOY.glob("*.inc"))
