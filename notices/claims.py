"""Who sends which delivery: claims with a lease, and results by compare-and-set.

A batch claims, sends with no transaction open, and records only what it still holds. Two workers
never send one delivery at the same time, and what a killed one had claimed is free again when its
lease ends (docs/deliveries.md).
"""

import itertools
import random
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Min

from notices import channels
from notices.channels import RETRY, Result
from notices.models import Attempt, Delivery
from notices.models.delivery import DeliveryQuerySet, Outcome
from notices.operations import outcomes
from reservations import clock

DEADLINE = timedelta(seconds=20)
"""How long a batch may take."""
LEASE = timedelta(seconds=60)
"""How long a claim holds: at least twice the deadline, or a slow batch is sent twice."""
MOST = 64
"""Deliveries in one batch."""
SPREAD = 0.1
"""Each pause is up to this share longer or shorter, so that failures do not return together."""
MOST_TURNS = 100_000
"""Lanes whose last turn this process knows."""

_DETAIL = 500
_MESSAGE_ID = 200
_LARGEST_STATUS = 32_767

_turns = itertools.count(1)
_last_turns: dict[tuple[str, str], int] = {}


def claim(*, by: str, only: Collection[str], most: int = MOST) -> list[Delivery]:
    """Claims up to `most` deliveries of the channels `only` that are due, for the batch `by`.

    Takes the oldest of each lane first, so that a full lane holds no other back. Lanes that this
    process has not taken from for longest come first, so that of any number each has its turn.
    Ends what is useful no more, and what has no tries left. Opens its own transaction.
    """
    now = clock.now()
    if not is_anything_due(only):
        # Senders look after each commit. SQLite has one writer at a time, whom this would keep.
        return []
    with transaction.atomic(durable=True):
        ended = _end_useless(now, only)
        rows = _of_each_lane(now, only, most)
        ended += _end_spent(rows, now)
        rows = [row for row in rows if row.done_at is None]
        for row in rows:
            row.claimed_by, row.next_try_at = by, now + LEASE
            row.attempts += 1
        Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(
            claimed_by=by, next_try_at=now + LEASE, attempts=F("attempts") + 1
        )
    outcomes.tell(ended)
    return rows


def is_anything_due(only: Collection[str]) -> bool:
    """Says whether something is due on these channels. One query, and no lock."""
    return Delivery.objects.due(clock.now()).filter(channel__in=only).exists()


def record(delivery: Delivery, result: Result) -> bool:
    """Records the result of an attempt. Returns False where the claim was lost meanwhile.

    Opens its own transaction, of this result alone: one that waits for others to come in is lost
    with the process, and its delivery sent twice.
    """
    with transaction.atomic(durable=True):
        outcome = _record(delivery, result)
    if not outcome:
        return False
    outcomes.tell(Counter({(delivery.channel, outcome): 1}))
    return True


def give_back(deliveries: Sequence[Delivery]) -> None:
    """Frees claimed deliveries that were not tried, for the next batch. It counts as no try."""
    for each in deliveries:
        Delivery.objects.filter(
            pk=each.pk, claimed_by=each.claimed_by, done_at__isnull=True
        ).update(claimed_by="", next_try_at=clock.now(), attempts=F("attempts") - 1)


def _record(delivery: Delivery, result: Result) -> str:
    """Returns the outcome that it recorded, "" where the claim was lost. Assumes a transaction."""
    now = clock.now()
    held = Delivery.objects.filter(
        pk=delivery.pk, claimed_by=delivery.claimed_by, done_at__isnull=True
    )
    change = _outcome(delivery, result, now)
    is_code = result.status is not None and 0 <= result.status <= _LARGEST_STATUS
    if not held.update(**change):
        return ""
    Attempt.objects.create(
        delivery=delivery,
        at=now,
        took_ms=result.took_ms,
        outcome=result.outcome,
        # smtplib says -1 for an answer that has no code.
        status=result.status if is_code else None,
        detail=_storable(result.detail)[:_DETAIL],
    )
    return str(change.get("outcome", RETRY))


def _outcome(delivery: Delivery, result: Result, now: datetime) -> dict[str, object]:
    if result.outcome != RETRY:
        done = {"done_at": now, "outcome": result.outcome, "claimed_by": ""}
        known = _storable(result.message_id)[:_MESSAGE_ID]
        return done | ({"message_id": known} if known else {})
    pauses = channels.sender_of(delivery.channel).pauses
    if delivery.attempts >= len(pauses):
        return {"done_at": now, "outcome": Outcome.FAILED, "claimed_by": ""}
    pause = pauses[delivery.attempts] * random.uniform(1 - SPREAD, 1 + SPREAD)  # noqa: S311
    wanted = result.retry_after or pause
    # A receiver that answers may ask for more patience, not for less: the tries would be used up.
    return {
        "next_try_at": now + (max(wanted, pause) if result.status else wanted),
        "claimed_by": "",
    }


def _storable(said: str) -> str:
    """Returns what a receiver said without the characters that no database takes.

    A result that cannot be recorded would be sent again.
    """
    return said.encode("utf-8", "replace").decode().replace("\0", "")


def _of_each_lane(now: datetime, only: Collection[str], most: int) -> list[Delivery]:
    due = Delivery.objects.due(now).filter(channel__in=only)
    found: list[tuple[int, datetime, Delivery]] = []
    lanes = 0
    for lane, channel in _in_turn(due):
        quota = min(channels.sender_of(channel).quota(lane), most)
        if quota <= 0:
            continue
        rows = due.filter(lane=lane, channel=channel).order_by("next_try_at", "pk")
        # Another worker's rows are skipped. SQLite has one writer at a time, and no row locks.
        rows = rows.select_for_update(skip_locked=True, of=("self",))
        of_lane = [(rank, row.next_try_at, row) for rank, row in enumerate(rows[:quota])]
        found += of_lane
        # One that is busy gives none, and takes no place from the others.
        lanes += bool(of_lane)
        if lanes == most:
            break
    found.sort(key=lambda each: each[:2])
    chosen = [row for _, _, row in found[:most]]
    _note_turn({(row.lane, row.channel) for row in chosen})
    return chosen


def _in_turn(due: DeliveryQuerySet) -> list[tuple[str, str]]:
    """Returns the lanes with their channels: those whose turn was longest ago, or never, first."""
    lanes = due.values_list("lane", "channel").annotate(first=Min("next_try_at"))
    names = [(lane, channel) for lane, channel, _ in lanes.order_by("first", "lane")]
    return sorted(names, key=lambda name: _last_turns.get(name, 0))


def _note_turn(lanes: Collection[tuple[str, str]]) -> None:
    if len(_last_turns) + len(lanes) > MOST_TURNS:
        _last_turns.clear()
    turn = next(_turns)
    _last_turns.update(dict.fromkeys(lanes, turn))


def _end_useless(now: datetime, only: Collection[str]) -> Counter[tuple[str, str]]:
    """Ends those that came too late to be of use. Returns how many, by channel and outcome."""
    late = Delivery.objects.due(now).filter(channel__in=only, useful_until__lte=now)
    ended: Counter[tuple[str, str]] = Counter()
    for channel in set(late.order_by().values_list("channel", flat=True)):
        dropped = late.filter(channel=channel).update(done_at=now, outcome=Outcome.DROPPED)
        ended[channel, str(Outcome.DROPPED)] += dropped
    return ended


def _end_spent(rows: Sequence[Delivery], now: datetime) -> Counter[tuple[str, str]]:
    """Ends those whose last batch never came back, time and again. Returns how many."""
    ended: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if row.attempts >= len(channels.sender_of(row.channel).pauses):
            row.done_at, row.outcome = now, Outcome.FAILED
            row.save(update_fields=["done_at", "outcome"])
            ended[row.channel, str(Outcome.FAILED)] += 1
    return ended
