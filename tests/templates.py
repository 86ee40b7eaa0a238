"""One migrated SQLite database for all processes and runs of the tests, copied and not built anew.

Migrations take seconds in each process. Kept in pytest's cache for as long as no code changes;
on PostgreSQL nothing is kept.
"""

import fcntl
import hashlib
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parents[1]
CODE = sorted(
    {path.parent for path in ROOT.glob("*/__init__.py")} - {ROOT / "tests", ROOT / "benchmarks"}
)


@contextmanager
def template(config: pytest.Config) -> Iterator[Path | None]:
    """Where this code's is, there or to be made; nobody else makes or reads it meanwhile.

    None where there can be none.
    """
    if connection.vendor != "sqlite" or not config.pluginmanager.has_plugin("cacheprovider"):
        yield None
        return
    folder = config.cache.mkdir("databases")
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder / f"{_state_of_the_code()}.sqlite3"


def copy_to_test_database(kept: Path) -> None:
    """Put it where this process has its test database, in place of what is there."""
    place = Path(connection.settings_dict["TEST"]["NAME"])
    for rest in ("-wal", "-shm"):
        place.with_name(place.name + rest).unlink(missing_ok=True)
    shutil.copyfile(kept, place)


def make(kept: Path) -> None:
    """Migrate a test database and save it; what other code made is deleted."""
    for old in kept.parent.glob("*.sqlite3"):
        old.unlink()
    draft = kept.with_suffix(".new")
    draft.unlink(missing_ok=True)
    usual = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    copy = sqlite3.connect(draft)
    connection.ensure_connection()
    connection.connection.backup(copy)
    copy.close()
    connection.creation.destroy_test_db(usual, verbosity=0, keepdb=True)
    draft.replace(kept)


def _state_of_the_code() -> str:
    """All of it, since migrations use what they import; and what is installed."""
    seen = hashlib.sha256((ROOT / "poetry.lock").read_bytes())
    for folder in CODE:
        for path in sorted(folder.rglob("*.py")):
            seen.update(str(path).encode() + path.read_bytes())
    return seen.hexdigest()[:20]
