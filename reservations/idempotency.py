"""Makes a repeated request return the first answer. Key and answer are stored with the change."""

from collections.abc import Callable, Sequence
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
    """A stored HTTP answer: status, JSON text, and headers of its own."""

    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)
    about: int | None = None
    """The id of the person it is about, if not the caller. Erasing that person deletes it."""


class Repeated(Exception):  # noqa: N818 - the outcome of a repeat, not a fault
    """The request was carried out before; `answer` is what it was answered."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("repeated")
        self.answer = answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """A caller's key for one request. `render` makes the answer to store from the result.

    `fingerprint` tells different requests with one key apart. `guest_id` is None for a caller
    without an account. `earlier` are the callers and fingerprints that this request had by keys of
    before a rotation: what was stored under one of them is its answer too.
    """

    caller: str
    key: str
    fingerprint: str
    render: Callable[[Any], Answer]
    guest_id: int | None = None
    earlier: Sequence[tuple[str, str]] = ()

    @property
    def known(self) -> Sequence[tuple[str, str]]:
        """The callers and fingerprints that name this request, the newest first."""
        return [(self.caller, self.fingerprint), *self.earlier]


def carry_out(act: Callable[[], T], once: Once | None) -> T:
    """Runs `act` in its own transaction, once for each key. Raises what `claim` raises, and Busy.

    Without a key (None) it runs `act` each time.
    """

    def carried_out() -> T:
        claimed = claim(once)
        made = act()
        store(claimed, once, made)
        return made

    return in_transaction(carried_out)


def is_known(once: Once) -> bool:
    """Tells whether the key was used already, by this or another request of its caller."""
    callers = {caller for caller, _fingerprint in once.known}
    return StoredAnswer.objects.filter(caller__in=callers, key=once.key).exists()


def claim(once: Once | None) -> StoredAnswer | None:
    """Claims the key. Call it first in a transaction, after only the locks of open holds.

    Waits briefly for an equal request that is still running. Returns None without a key. Raises
    Repeated with the stored answer, KeyReused when the key came with another request, InProgress
    when the wait takes too long, Restart when the stored answer was deleted meanwhile.
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
    found = _stored_earlier(once) or _inserted_or_found(mine)
    if found is not None and found.created_at <= _oldest_kept(mine.created_at):
        # The answer is too old, though no sweep has deleted it yet. The key is free again.
        found.delete()
        found = _inserted_or_found(mine)
    if found is None:
        # A sweep or an erasure deleted it between the two statements.
        raise Restart
    if found.pk == mine.pk:
        return mine
    if (found.caller, found.fingerprint) not in once.known:
        raise KeyReused
    raise Repeated(Answer(found.status or 200, found.body, found.headers))


def store(row: StoredAnswer | None, once: Once | None, made: Any) -> None:
    """Stores the answer to a claimed request. Assumes the transaction of the change.

    Does nothing when `row` or `once` is None.
    """
    if row is None or once is None:
        return
    answer = once.render(made)
    row.status, row.body, row.headers = answer.status, answer.body, answer.headers
    row.guest_id = answer.about or row.guest_id
    row.save(update_fields=["status", "body", "headers", "guest"])


def forget_old(now: datetime) -> int:
    """Deletes answers older than IDEMPOTENCY_KEPT at `now`. Returns how many."""
    old = StoredAnswer.objects.filter(created_at__lte=_oldest_kept(now))
    return old.delete()[0]


def _stored_earlier(once: Once) -> StoredAnswer | None:
    """Returns what was stored under a name that the caller had before a rotation of keys."""
    callers = {caller for caller, _fingerprint in once.earlier} - {once.caller}
    if not callers:
        return None
    return StoredAnswer.objects.filter(caller__in=callers, key=once.key).first()


def _inserted_or_found(mine: StoredAnswer) -> StoredAnswer | None:
    try:
        StoredAnswer.objects.bulk_create([mine], ignore_conflicts=True)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") == "55P03":
            raise InProgress from error
        raise
    # A separate statement sees rows committed while the insert waited.
    return StoredAnswer.objects.filter(caller=mine.caller, key=mine.key).first()


def _oldest_kept(now: datetime) -> datetime:
    return now - settings.IDEMPOTENCY_KEPT
