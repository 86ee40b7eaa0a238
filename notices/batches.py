"""Sends deliveries in bounded batches, each channel at its own pace.

`send_for` gives each channel a thread. While one of them is slow the others go on looking, so that
a task that waits for slow receivers never keeps a letter from leaving.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock

from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.db import connection

from notices import channels, claims
from notices.channels import RETRY, Result
from notices.models import Delivery
from notices.operations import outcomes

log = logging.getLogger(__name__)

LOOK = 1.0
"""Seconds after which a channel looks again, while another one sends."""


def send_for(seconds: float) -> None:
    """Sends what is due, batch after batch, and begins none after so many seconds.

    Ends when no channel has anything due.
    """
    names = channels.names() if settings.NOTICES else []
    if not names or not claims.is_anything_due(names):
        outcomes.tell_looked(names)
        return
    shift = _Shift(names, seconds)
    with ThreadPoolExecutor(len(names), thread_name_prefix="sender") as pool:
        for each in [pool.submit(_send_channel, name, shift) for name in names]:
            each.result()


def send_batch(only: Collection[str] | None = None) -> int:
    """Claims and sends what is due on the channels `only`, or on all. Returns how many it tried.

    Takes at most `claims.DEADLINE` and a little. Safe to run in several processes at once. With
    NOTICES=0 it sends nothing.
    """
    names = [name for name in channels.names() if only is None or name in only]
    if not settings.NOTICES or not names:
        return 0
    batch = claims.claim(by=uuid.uuid4().hex, only=names)
    if batch:
        # Results are recorded in this thread, by its own connection.
        async_to_sync(_send)(batch)
    outcomes.tell_looked(names)
    return len(batch)


class _Shift:
    """The channels that send side by side, until all of them rest."""

    def __init__(self, names: Collection[str], seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._sending = set(names)
        self._guard, self._over = Lock(), Event()

    def begin(self, name: str) -> bool:
        """Notes that a channel sends. Returns False where the time is up."""
        with self._guard:
            self._sending.add(name)
        return time.monotonic() < self._end

    def rest(self, name: str) -> bool:
        """Waits a moment while others send. Returns False where none does."""
        self.leave(name)
        return not self._over.wait(LOOK)

    def leave(self, name: str) -> None:
        """Notes that a channel sends no more."""
        with self._guard:
            self._sending.discard(name)
            if not self._sending:
                self._over.set()


def _send_channel(name: str, shift: _Shift) -> None:
    try:
        while shift.begin(name):
            if not send_batch([name]) and not shift.rest(name):
                return
    finally:
        shift.leave(name)
        connection.close()


async def _send(batch: Sequence[Delivery]) -> None:
    unreported = {row.pk: row for row in batch}

    async def report(delivery: Delivery, result: Result) -> None:
        if unreported.pop(delivery.pk, None):
            await sync_to_async(claims.record)(delivery, result)

    try:
        async with asyncio.timeout(claims.DEADLINE.total_seconds()):
            await asyncio.gather(
                *(_send_by(name, batch, report) for name in {row.channel for row in batch})
            )
    except TimeoutError:
        log.warning("A batch of deliveries did not end in time: %s are left", len(unreported))
    for row in list(unreported.values()):
        # It may have arrived. Its claim ends before it is tried again, and its id is the same.
        try:
            await report(row, Result(outcome=RETRY, detail="no result", retry_after=claims.LEASE))
        except Exception:
            log.exception("That delivery %s has no result could not be recorded", row.pk)


async def _send_by(name: str, batch: Sequence[Delivery], report: channels.Report) -> None:
    try:
        rows = [row for row in batch if row.channel == name]
        await channels.sender_of(name).send(rows, report)
    except Exception:
        log.exception("The channel %s failed", name)
