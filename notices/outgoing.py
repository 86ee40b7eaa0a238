"""Adds deliveries, in the transaction of what they tell."""

from collections.abc import Callable, Iterable

from django.db import transaction

from notices.models import Delivery

_listeners: list[Callable[[], None]] = []


def on_added(listener: Callable[[], None]) -> None:
    """Registers `listener`, which is called after each commit that added deliveries."""
    if listener not in _listeners:
        _listeners.append(listener)


def add(drafts: Iterable[Delivery]) -> None:
    """Inserts deliveries whose `dedupe` is new, and leaves out the others. Assumes a transaction.

    The sender is woken after the commit. A wake-up that is lost costs time: the sweep finds them.
    """
    rows = list(drafts)
    if not rows:
        return
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)
    transaction.on_commit(wake, robust=True)


def wake() -> None:
    """Makes the senders look for what is due. What is lost of it costs time: they look anyway."""
    for listener in _listeners:
        listener()
