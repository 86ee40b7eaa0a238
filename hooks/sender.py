"""Sends webhooks: signed at each attempt, a few at once to each endpoint, and never inward.

A webhook begins when the one before it is recorded, or has taken a moment. So a receiver that
answers at once has one on its way, and a process that dies sends one again; and receivers that are
slow are waited for side by side.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache

from asgiref.sync import sync_to_async
from django.conf import settings

from guests.callers import Caller
from hooks import health, partners, signing_secrets
from hooks.catalogue import PING
from hooks.entitlements import is_told_of, may_hold_all
from hooks.models import Endpoint
from notices import outbound_http
from notices.channels import RETRY, Report, Result
from notices.models import Delivery
from notices.models.delivery import Outcome
from notices.outbound_http import Blocked, NoAnswer, Outbound, Reachable, Reply
from notices.privacy import without_reservation
from reservations import clock

log = logging.getLogger(__name__)

PAUSES = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
"""Before each attempt. After the last one the delivery has failed."""
AT_ONCE = 3
"""Deliveries to one endpoint that are tried at once."""
FAILING = 5
"""After so many failures in a row an endpoint gets one delivery at a time."""
MOMENT = 0.05
"""Seconds for which a webhook may keep the next one from beginning."""
SHORTEST = 0.005
"""While one after the other takes longer than that, the moment is halved down to this."""
LONGEST_PAUSE = timedelta(hours=24)
"""The longest Retry-After that is honoured."""

_DETAIL = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a delivery goes, its body, and what signs it. `why_not` says why it is not sent."""

    endpoint_id: int
    is_failing: bool = False
    url: str = ""
    body: str = ""
    secrets: Sequence[str] = ()
    why_not: str = ""


class WebhookSender:
    """The sender of the channel of webhooks."""

    pauses: Sequence[timedelta] = PAUSES

    def quota(self, lane: str) -> int:
        """Returns how many more may be tried at once, all workers together.

        Locks the endpoint until the claim is committed; 0 while another worker claims of it.
        """
        key = lane.rpartition(":")[2]
        rows = Endpoint.objects.filter(pk=key)
        endpoint = rows.select_for_update(skip_locked=True, no_key=True).first()
        if endpoint is None:
            # What is left of a deleted endpoint is claimed, and ends as dropped.
            return 0 if rows.exists() else AT_ONCE
        tried = Delivery.objects.waiting().filter(lane=lane, next_try_at__gt=clock.now())
        most = 1 if endpoint.failures >= FAILING else AT_ONCE
        return max(0, most - tried.exclude(claimed_by="").count())

    async def send(self, deliveries: Sequence[Delivery], report: Report) -> None:
        """Tries each delivery once, the slow ones side by side."""
        targets = await sync_to_async(_targets)(deliveries)
        silence = timedelta(seconds=settings.WEBHOOK_TIMEOUT)
        recording = asyncio.Lock()

        async def record(delivery: Delivery, result: Result) -> None:
            async with recording:
                await report(delivery, result)

        async with (
            outbound_http.client(reachable(), silence=silence) as client,
            asyncio.TaskGroup() as sending,
        ):
            moment = MOMENT
            for row in deliveries:
                one = sending.create_task(_send_one(client, row, targets[row.pk], record))
                done, _ = await asyncio.wait([one], timeout=moment)
                moment = MOMENT if done else max(moment / 2, SHORTEST)
                async with recording:
                    # What is answered is recorded before more is asked.
                    pass


def reachable() -> Reachable:
    """Returns where webhooks may go, by the settings."""
    return Reachable(ports=settings.WEBHOOK_PORTS, allow=settings.WEBHOOK_ALLOW)


def _targets(deliveries: Sequence[Delivery]) -> dict[int, Target]:
    now = clock.now()
    found = Endpoint.objects.filter(pk__in={row.to for row in deliveries})
    endpoints = {str(one.pk): one for one in found.prefetch_related("secrets", "venues")}
    partner_of = cache(partners.authority_of)
    targets = {}
    for row in deliveries:
        endpoint = endpoints.get(row.to)
        partner = partner_of(endpoint.partner) if endpoint else None
        targets[row.pk] = _target(row, endpoint, partner, now)
    return targets


def _target(
    delivery: Delivery, endpoint: Endpoint | None, partner: Caller | None, now: datetime
) -> Target:
    why_not = _why_not(delivery, endpoint, partner)
    if endpoint is None or why_not:
        return Target(endpoint_id=int(delivery.to), why_not=why_not)
    body = delivery.body
    return Target(
        endpoint_id=endpoint.pk,
        is_failing=endpoint.failing_since is not None,
        url=endpoint.url,
        body=body if may_hold_all(endpoint, partner) else without_reservation(body),
        secrets=signing_secrets.live(endpoint.secrets.all(), now),
    )


def _why_not(delivery: Delivery, endpoint: Endpoint | None, partner: Caller | None) -> str:
    """Returns why a delivery is not sent; "" where it is. Replays and trials are judged too."""
    venue_id = delivery.venue_id
    if endpoint is None:
        return "the endpoint is deleted"
    if partner is None:
        return "the partner is switched off"
    if venue_id is not None and not partner.may_run(venue_id):
        return "the venue is not the partner's any more"
    if venue_id is not None and not is_told_of(endpoint, venue_id):
        return "the endpoint is not told of this venue any more"
    if not endpoint.is_active and not _is_asked_for(delivery):
        return "the endpoint is off"
    return ""


async def _send_one(client: Outbound, delivery: Delivery, target: Target, report: Report) -> None:
    try:
        await _send(client, delivery, target, report)
    except Exception:
        # The others go on. This one is tried again when its claim ends.
        log.exception("What came of webhook %s could not be recorded", delivery.pk)


async def _send(client: Outbound, delivery: Delivery, target: Target, report: Report) -> None:
    if target.why_not:
        await report(delivery, Result(outcome=Outcome.DROPPED, detail=target.why_not))
        return
    if not target.secrets:
        detail = "the secret cannot be read: rotate it"
        await report(delivery, Result(outcome=RETRY, detail=detail))
        return
    begun = time.perf_counter()
    result = await _tried(client, delivery, target, begun)
    await report(delivery, result)
    is_news = target.is_failing or result.outcome != Outcome.SENT
    if is_news and not _is_asked_for(delivery):
        await sync_to_async(_note)(target.endpoint_id, result)


async def _tried(client: Outbound, delivery: Delivery, target: Target, begun: float) -> Result:
    try:
        reply = await client.post(
            target.url, content=target.body.encode(), headers=_headers(delivery, target)
        )
    except Blocked:
        return Result(outcome=RETRY, detail="blocked address", took_ms=_since(begun))
    except NoAnswer as error:
        return Result(outcome=RETRY, detail=str(error), took_ms=_since(begun))
    except Exception as fault:
        # Such as a secret that nobody can sign with.
        log.exception("Webhook %s could not be sent", delivery.pk)
        detail = f"could not be sent: {type(fault).__name__}"
        return Result(outcome=RETRY, detail=detail, took_ms=_since(begun))
    outcome = Outcome.SENT if 200 <= reply.status < 300 else RETRY
    return Result(
        outcome=Outcome.FAILED if reply.status == 410 else outcome,
        status=reply.status,
        detail=reply.text[:_DETAIL],
        took_ms=_since(begun),
        retry_after=None if outcome == Outcome.SENT else _retry_after(reply),
    )


def _headers(delivery: Delivery, target: Target) -> dict[str, str]:
    now = clock.now()
    signature = signing_secrets.sign(
        target.body, webhook_id=delivery.message_id, at=now, by=target.secrets
    )
    return {
        "content-type": "application/json",
        "user-agent": f"Holdfast/{settings.VERSION}",
        "webhook-id": delivery.message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }


def _retry_after(reply: Reply) -> timedelta | None:
    """Returns how long the receiver wants to be left alone; None where it does not say."""
    told = reply.headers.get("retry-after", "").strip()
    try:
        if told.isascii() and told.isdigit():
            wanted = timedelta(seconds=min(int(told[:9]), LONGEST_PAUSE.total_seconds()))
        else:
            wanted = parsedate_to_datetime(told) - clock.now()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(wanted, LONGEST_PAUSE) if wanted > timedelta(0) else None


def _is_asked_for(delivery: Delivery) -> bool:
    """Replays and pings are sent whatever the state of the endpoint, and do not change it."""
    return delivery.kind == PING or delivery.dedupe.startswith("replay:")


def _note(endpoint_id: int, result: Result) -> None:
    if result.outcome == Outcome.SENT:
        health.note_success(endpoint_id)
    else:
        health.note_failure(endpoint_id, is_gone=result.outcome == Outcome.FAILED)


def _since(begun: float) -> int:
    return int((time.perf_counter() - begun) * 1_000)
