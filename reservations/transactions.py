"""One durable transaction around a verb: begun again after a lost race, Busy when it cannot be."""

from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError, OperationalError, transaction

from reservations.errors import Busy, Taken

T = TypeVar("T")

ATTEMPTS = 7

_DEADLOCK = ("40P01", "40001")
_LOCK_WAIT = "55P03"


class Restart(Exception):  # noqa: N818 - a turn of the road, not a fault
    """What this transaction was judged on has changed; roll back and begin again."""


def in_transaction(act: Callable[[], T]) -> T:
    """Run `act` in a transaction of its own, commit it and return what it returned.

    Begins again after a Restart or a deadlock, at most ATTEMPTS times. Raises Busy when the locks
    cannot be had, Taken when the database refused an overlap, and whatever `act` refuses, each
    with nothing changed.
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
    """Whether a retry may succeed: the lock was not free, or this transaction lost a deadlock."""
    return _code(error) in (*_DEADLOCK, _LOCK_WAIT) or "database is locked" in str(error)


def _code(error: OperationalError) -> str:
    return getattr(error.__cause__, "sqlstate", None) or ""
