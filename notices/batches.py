"""Sends one bounded batch of deliveries: all its channels side by side, with one deadline."""

import asyncio
import logging
import uuid
from collections.abc import Collection, Sequence

from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings

from notices import channels, claims
from notices.channels import RETRY, Result
from notices.models import Delivery
from notices.operations import outcomes

log = logging.getLogger(__name__)


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
