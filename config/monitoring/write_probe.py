"""Tries whether the database takes a write: one that is large enough to need room, and undone."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from reservations import clock
from reservations.models import StoredAnswer

_SIZE = 64_000
"""Bytes. More than the free room in a page, and than what a booking writes."""
_FEW_PAGES = 10


@contextmanager
def small_cache() -> Iterator[None]:
    """Makes SQLite write to its file before a commit, which otherwise alone needs the disk."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        (size,) = cursor.execute("PRAGMA cache_size").fetchone()
        cursor.execute(f"PRAGMA cache_size = {_FEW_PAGES}")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA cache_size = {int(size)}")


def write() -> None:
    """Writes a row that nobody reads. Assumes a transaction, which is then undone.

    Raises DatabaseError or InterfaceError.
    """
    # Text that cannot be compressed, in a row that no caller can have.
    StoredAnswer.objects.create(
        caller="readiness",
        key=uuid.uuid4().hex,
        fingerprint="",
        body=os.urandom(_SIZE // 2).hex(),
        created_at=clock.now(),
    )
