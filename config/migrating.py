"""Migrates the database once, however many processes start at the same moment."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

_ADVISORY_LOCK = 7_170_266
"""Any number that nothing else in this database locks."""


def pending() -> list[str]:
    """Returns the migrations that the database lacks, as `app.name`, in their order. [] if it has
    all.
    """
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def migrate_if_needed() -> bool:
    """Applies pending migrations. Returns False if there were none."""
    if not pending():
        return False
    with alone():
        # Another process may have migrated while this one waited.
        if pending():
            call_command("migrate", interactive=False, verbosity=0)
    return True


@contextmanager
def alone() -> Iterator[None]:
    """Lets one process at a time change this database; the others wait. It may not be nested."""
    if connection.vendor == "postgresql":
        with _advisory_lock():
            yield
    else:
        folder = Path(settings.DATA_DIR)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "migrating.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


@contextmanager
def _advisory_lock() -> Iterator[None]:
    with connection.cursor() as cursor:
        while True:
            # Poll, because a blocking call would run into lock_timeout.
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [_ADVISORY_LOCK])
            if cursor.fetchone()[0]:
                break
            time.sleep(0.2)
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_ADVISORY_LOCK])
