"""Runs a verb in one durable transaction, again after a lost race. Raises Busy if that fails."""

from collections.abc import Callable
from typing import TypeVar

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, IntegrityError, OperationalError, transaction

from reservations.errors import Busy, Taken

T = TypeVar("T")

ATTEMPTS = 7
"""How often a transaction is begun before Busy is raised."""

_DEADLOCK = ("40P01", "40001")
_LOCK_WAIT = "55P03"
_NO_SUCH_ROW = "23503"


class Restart(Exception):  # noqa: N818 - a turn of the road, not a fault
    """The data that this transaction judged has changed. Roll back and begin again."""


def in_transaction(act: Callable[[], T]) -> T:
    """Runs `act` in its own durable transaction, commits, and returns its result.

    Begins again after a Restart or a deadlock, at most ATTEMPTS times. Raises Busy when a lock is
    not free, Taken when the constraint refused an overlap, and what `act` raises, each with nothing
    changed. RuntimeError inside another transaction.
    """
    for _ in range(ATTEMPTS):
        try:
            with transaction.atomic(durable=True):
                return act()
        except Restart:
            continue
        except IntegrityError as error:
            if "allocation_no_overlap" in str(error):
                raise Taken from error
            raise
        except OperationalError as error:
            if not is_passing(error):
                raise
            if _code(error) not in _DEADLOCK:
                raise Busy from error
    raise Busy


def is_passing(error: OperationalError) -> bool:
    """True when a retry may succeed: a lock was not free, or this transaction lost a deadlock."""
    return _code(error) in (*_DEADLOCK, _LOCK_WAIT) or "database is locked" in str(error)


def _code(error: DatabaseError) -> str:
    return getattr(error.__cause__, "sqlstate", None) or ""


def is_of_lost_row(error: Exception) -> bool:
    """True for a change of a row, or a reference to one, that was deleted after it was read."""
    if isinstance(error, IntegrityError):
        return _code(error) == _NO_SUCH_ROW or "FOREIGN KEY constraint failed" in str(error)
    is_update = type(error) is DatabaseError and "did not affect any rows" in str(error)
    return is_update or isinstance(error, ObjectDoesNotExist)
