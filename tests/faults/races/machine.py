"""A deployment whose clock and disk a test may change: other days, or no room."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import psycopg
from django.utils import timezone

from tests.faults.fleet import Fleet, wait_until
from tests.faults.servers import OwnPostgres

_ROOMY = 1 << 32
"""Bytes of the database's disk, which is memory and takes what is written."""


class Machine(Fleet):
    """API processes, a worker and PostgreSQL. The product's processes share one clock."""

    def __init__(self, folder: Path) -> None:
        self.disk = Disk() if may_mount() else None
        super().__init__(folder, OwnPostgres(self.disk.make("own")) if self.disk else None)
        self.ahead = timedelta(0)
        self._clock = folder / "clock"
        self.set_clock(timedelta(0))

    def environment(self) -> dict[str, str]:
        # Tokens are made at the true time, and are good two days ahead.
        lasting = {"ACCESS_TOKEN_SECONDS": "604800", "WEB_WORKERS": "2", "WEB_THREADS": "8"}
        return super().environment() | lasting

    def set_clock(self, ahead: timedelta) -> None:
        """Sets the clock of every process, also of those that run, in the middle of their work."""
        written = self._clock.with_suffix(".new")
        written.write_text(str(ahead.total_seconds()))
        written.replace(self._clock)
        self.ahead = ahead

    def come_back(self) -> None:
        """Waits until PostgreSQL answers. Without room for its log it starts anew, or ends."""

        def answers() -> bool:
            if not self.postgres.is_started():
                self.postgres.start()
            try:
                return bool(self.postgres.rows("SELECT 1"))
            except psycopg.OperationalError:
                return False

        wait_until(answers)

    def now(self) -> datetime:
        """The time on the product's clock."""
        return timezone.now() + self.ahead

    def stop(self) -> None:
        try:
            super().stop()
        finally:
            if self.disk:
                self.disk.remove()

    def _start(self, name: str, command: str, *arguments: str, **values: str) -> None:
        clocked = {
            "DJANGO_SETTINGS_MODULE": "tests.faults.races.clocked_settings",
            "CLOCK_FILE": str(self._clock),
        }
        super()._start(name, command, *arguments, **(clocked | values))


class Disk:
    """A disk of its own, in memory, which can be full."""

    def __init__(self) -> None:
        self.folder = Path(mkdtemp(prefix="holdfast-disk-"))
        _mount("-t", "tmpfs", "-o", f"size={_ROOMY},mode=711", "tmpfs", str(self.folder))

    def make(self, name: str) -> Path:
        """A new folder on it."""
        folder = self.folder / name
        folder.mkdir()
        return folder

    @contextmanager
    def full_soon(self) -> Iterator[Callable[[], None]]:
        """Yields what fills the disk. After the block it has room again."""
        try:
            yield self._fill
        finally:
            self._resize(_ROOMY)

    def _fill(self) -> None:
        # What is written meanwhile may still find room.
        while shutil.disk_usage(self.folder).free:
            # Refused if more was written since it was measured.
            self._resize(shutil.disk_usage(self.folder).used, check=False)

    def remove(self) -> None:
        subprocess.run(["umount", str(self.folder)], check=True)
        self.folder.rmdir()

    def _resize(self, size: int, *, check: bool = True) -> None:
        _mount("-o", f"remount,size={size}", str(self.folder), check=check)


@cache
def may_mount() -> bool:
    """Says whether this machine lets us make disks; most containers do not."""
    try:
        Disk().remove()
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def _mount(*arguments: str, check: bool = True) -> None:
    subprocess.run(["mount", *arguments], check=check, capture_output=True)
