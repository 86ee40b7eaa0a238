"""Debian's HAProxy before several API processes, each of which can be taken out and put back."""

import shutil
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path

from benchmarks.services import free_port, wait_for
from tests.faults.fleet import wait_until

_CONFIGURATION = """
global
    stats socket {folder}/admin level admin
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend guests
    bind 127.0.0.1:{port}
    default_backend api
backend api
    balance roundrobin
{servers}
"""


class Proxy:
    """One address for guests; what docs/reliability.md tells operators, a test does by it."""

    def __init__(self, folder: Path, servers: Mapping[str, int]) -> None:
        self.port = free_port()
        self._folder = folder
        lines = [f"    server {name} 127.0.0.1:{port}" for name, port in servers.items()]
        said = _CONFIGURATION.format(folder=folder, port=self.port, servers="\n".join(lines))
        (folder / "haproxy.cfg").write_text(said)

    def start(self) -> None:
        program = shutil.which("haproxy") or "/usr/sbin/haproxy"
        self._process = subprocess.Popen([program, "-db", "-f", str(self._folder / "haproxy.cfg")])
        wait_for(self.port, self._process)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def take_out(self, name: str) -> None:
        """No request goes there any more; returns when the last one there was answered."""
        self._say(f"set server api/{name} state maint")
        wait_until(lambda: self._open(name) == 0)

    def put_back(self, name: str) -> None:
        self._say(f"set server api/{name} state ready")

    def _open(self, name: str) -> int:
        head, *rows = self._say("show stat").lstrip("# ").splitlines()
        at = head.split(",").index("scur")
        (row,) = [row.split(",") for row in rows if row.startswith(f"api,{name},")]
        return int(row[at])

    def _say(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(self._folder / "admin"))
            line.sendall(f"{command}\n".encode())
            return b"".join(iter(lambda: line.recv(65_536), b"")).decode()
