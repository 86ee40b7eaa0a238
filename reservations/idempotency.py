"""A request sent twice makes one thing: its key and answer are rows of the same transaction."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from django.conf import settings
from django.db import OperationalError

from reservations import clock
from reservations.errors import InProgress, KeyReused
from reservations.models import StoredAnswer
from reservations.transactions import Restart, in_transaction

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes out: a status, a JSON text, and headers of its own."""

    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)
    about: int | None = None
    """The person it tells of where that is not the caller: erased with either of them."""


class Repeated(Exception):  # noqa: N818 - the outcome of a repeat, not a fault
    """The request was carried out before; `answer` is what it was answered."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("repeated")
        self.answer = answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """A caller's key for one request; `render` makes the answer to keep from what was made."""

    caller: str
    key: str
    fingerprint: str
    render: Callable[[Any], Answer]
    guest_id: int | None = None


def carry_out(act: Callable[[], T], once: Once | None) -> T:
    """Make something in a transaction of its own, once for a key. Raises what `claim` does."""

    def carried_out() -> T:
        claimed = claim(once)
        made = act()
        store(claimed, once, made)
        return made

    return in_transaction(carried_out)


def claim(once: Once | None) -> StoredAnswer | None:
    """Claim the key, as the first statement of a transaction that makes something.

    An equal request still running is waited for, briefly. Raises Repeated with the stored
    answer, KeyReused when the key came with another request, InProgress when the wait is long.
    """
    if once is None:
        return None
    mine = StoredAnswer(
        caller=once.caller,
        key=once.key,
        fingerprint=once.fingerprint,
        created_at=clock.now(),
        guest_id=once.guest_id,
    )
    found = _inserted_or_found(mine)
    if found is not None and found.created_at <= _oldest_kept(mine.created_at):
        # Kept long enough, though no sweep has come by: the key is free again.
        found.delete()
        found = _inserted_or_found(mine)
    if found is None:
        # Swept away, or its guest erased, between the two looks.
        raise Restart
    if found.pk == mine.pk:
        return mine
    if found.fingerprint != once.fingerprint:
        raise KeyReused
    raise Repeated(Answer(found.status or 200, found.body, found.headers))


def store(row: StoredAnswer | None, once: Once | None, made: Any) -> None:
    """Keep the answer to what was made, in the transaction that made it."""
    if row is None or once is None:
        return
    answer = once.render(made)
    row.status, row.body, row.headers = answer.status, answer.body, answer.headers
    row.guest_id = answer.about or row.guest_id
    row.save(update_fields=["status", "body", "headers", "guest"])


def forget_old(now: datetime) -> int:
    """Delete answers kept long enough; returns how many."""
    old = StoredAnswer.objects.filter(created_at__lte=_oldest_kept(now))
    return old.delete()[0]


def _inserted_or_found(mine: StoredAnswer) -> StoredAnswer | None:
    try:
        StoredAnswer.objects.bulk_create([mine], ignore_conflicts=True)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") == "55P03":
            raise InProgress from error
        raise
    # A statement of its own: it sees what was committed while the insert waited.
    return StoredAnswer.objects.filter(caller=mine.caller, key=mine.key).first()


def _oldest_kept(now: datetime) -> datetime:
    return now - settings.IDEMPOTENCY_KEPT
