"""Rows that are made once for several tests, each of which rolls back what it does to them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.db import transaction
from pytest_django import DjangoDbBlocker

T = TypeVar("T")


@contextmanager
def kept(blocker: DjangoDbBlocker, make: Callable[[], T]) -> Iterator[T]:
    """What `make` returns; its rows go at the end. For a fixture of a class of tests.

    None of these tests may commit, and none may change what it is given but in the database.
    """
    outermost = transaction.atomic()
    # As that of Django's own tests: what the product begins in it counts as not nested.
    outermost._from_testcase = True  # type: ignore[attr-defined]
    with blocker.unblock(), outermost:
        yield make()
        transaction.set_rollback(True)
