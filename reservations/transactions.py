"""One durable transaction around a verb: begun again when it lost a race, clear when it cannot."""

from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError, OperationalError, transaction

from reservations.errors import Busy, Taken

T = TypeVar("T")

ATTEMPTS = 7

_DEADLOCK = ("40P01", "40001")
_LOCK_WAIT = "55P03"


class Restart(Exception):  # noqa: N818 - a turn of the road, not a fault
    """What this transaction was judged on has moved; roll back and begin again."""


class Escalate(Restart):
    """No unit was free at a glance; begin again with every unit of the pool locked."""


def whole(act: Callable[[int], T]) -> T:
    """Run `act(attempt)` in a transaction of its own and commit it.

    `attempt` counts from 0. Raises Busy when the locks cannot be had, Taken when the database
    itself refused an overlap, and whatever `act` refuses, each with nothing changed.
    """
    for attempt in range(ATTEMPTS):
        try:
            with transaction.atomic(durable=True):
                return act(attempt)
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
    """Whether it may go better in a moment: a lock was not had, or this was chosen to give way."""
    return _code(error) in (*_DEADLOCK, _LOCK_WAIT) or "database is locked" in str(error)


def _code(error: OperationalError) -> str:
    return getattr(error.__cause__, "sqlstate", None) or ""
