"""`manage.py prove` as an operator types it, on a database of this run's."""

import os
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection

from venues.models import Venue
from venues.scratch import PREFIX

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 600


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody with a database: the test's own, on SQLite a copy of it as it was just now."""

    folder: Path
    settings: str = "settings.project"
    database: str = ""
    """The name of a PostgreSQL database other than the test's own."""

    def start(self, *options: str) -> subprocess.Popen[str]:
        """Type the command; what it says comes through a pipe."""
        return subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "prove", "--skip-checks", *options],
            env=os.environ | self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def prove(self, *options: str) -> tuple[int, str]:
        """How it ended and all it said."""
        running = self.start(*options)
        said, _ = running.communicate(timeout=PATIENCE)
        return running.returncode, said

    def scratch_venues(self) -> int:
        """How many are there."""
        if connection.vendor == "postgresql":
            return Venue.objects.filter(slug__startswith=PREFIX).count()
        with sqlite3.connect(self.folder / "holdfast.sqlite3") as database:
            query = "SELECT count(*) FROM venues_venue WHERE slug LIKE ?"
            (count,) = database.execute(query, [f"{PREFIX}%"]).fetchone()
        database.close()
        return int(count)

    def _environment(self) -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": self.settings,
            "DATA_DIR": str(self.folder),
            "DATABASE_URL": _url(self.database),
            "REDIS_URL": "",
            "BROKER_URL": "",
            "SECRET_KEY": settings.SECRET_KEY,
            "JWT_SECRET": settings.JWT_SECRET,
        }


def operator(folder: Path, settings: str = "settings.project") -> Operator:
    """One whose database is as the test's is now, with its guard or without."""
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        copy = sqlite3.connect(folder / "holdfast.sqlite3")
        connection.connection.backup(copy)
        copy.close()
    return Operator(folder, settings)


def _url(name: str = "") -> str:
    if connection.vendor != "postgresql":
        return ""
    its = connection.settings_dict
    user = quote(its["USER"]) + (f":{quote(its['PASSWORD'])}" if its["PASSWORD"] else "")
    return f"postgres://{user}@{its['HOST']}:{its['PORT'] or 5432}/{name or its['NAME']}"
