"""Webhooks sent again on request: new deliveries with the same id and the same bytes."""

import secrets
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from hooks import endpoints
from hooks.catalogue import PING
from hooks.models import Endpoint
from notices import outgoing
from notices.models import Delivery
from reservations import clock, idempotency
from reservations.errors import Invalid, NotFound
from reservations.idempotency import Once

LONGEST_RANGE = timedelta(days=30)
MOST = 10_000
"""Deliveries that one request sends again."""


def log_of(endpoint: Endpoint, *, venue_ids: Collection[int] | None = None) -> QuerySet[Delivery]:
    """Returns the deliveries to an endpoint, trials among them.

    `venue_ids` are those that may be seen, None for all.
    """
    rows = Delivery.objects.filter(lane=endpoint.lane).prefetch_related("tries")
    return rows.filter(_seen(venue_ids))


def one(
    delivery_id: int,
    *,
    endpoint_id: int,
    partner: str,
    venue_ids: Collection[int] | None = None,
    once: Once | None = None,
) -> Delivery:
    """Sends a delivery again. Returns the new one. Raises NotFound."""

    def act() -> Delivery:
        endpoint = endpoints.find(endpoint_id, partner=partner)
        found = log_of(endpoint, venue_ids=venue_ids).filter(pk=delivery_id).first()
        if found is None:
            raise NotFound
        (made,) = _drafts(endpoint, [found])
        outgoing.add([made])
        return Delivery.objects.get(dedupe=made.dedupe)

    return idempotency.carry_out(act, once)


def several(
    *,
    since: datetime,
    until: datetime | None,
    endpoint_id: int,
    partner: str,
    venue_ids: Collection[int] | None = None,
    once: Once | None = None,
) -> int:
    """Sends again what was first due from `since` to `until` (UTC; None for now).

    Leaves out what still waits and trials. Returns how many. Raises Invalid, NotFound.
    """

    def act() -> int:
        endpoint = endpoints.find(endpoint_id, partner=partner)
        end = until or clock.now()
        if end < since:
            raise Invalid("until", "This is before `since`.")
        if end - since > LONGEST_RANGE:
            raise Invalid("since", f"Give a range of at most {LONGEST_RANGE.days} days.")
        made = _finished(endpoint).filter(created_at__gte=since, created_at__lte=end)
        rows = list(made.filter(_seen(venue_ids))[: MOST + 1])
        if len(rows) > MOST:
            raise Invalid("since", f"These are more than {MOST} deliveries. Give a shorter range.")
        outgoing.add(_drafts(endpoint, rows))
        return len(rows)

    return idempotency.carry_out(act, once)


def _seen(venue_ids: Collection[int] | None) -> Q:
    return Q() if venue_ids is None else Q(venue__in=venue_ids) | Q(venue=None)


def _finished(endpoint: Endpoint) -> QuerySet[Delivery]:
    waiting = Delivery.objects.waiting().filter(replay_of=OuterRef("pk"))
    rows = Delivery.objects.filter(lane=endpoint.lane, done_at__isnull=False, replay_of=None)
    first = rows.exclude(kind=PING).exclude(dedupe__startswith="replay:")
    return first.exclude(Exists(waiting)).order_by("pk")


def _drafts(endpoint: Endpoint, rows: Iterable[Delivery]) -> list[Delivery]:
    now = clock.now()
    return [_draft(endpoint, row, now) for row in rows]


def _draft(endpoint: Endpoint, row: Delivery, now: datetime) -> Delivery:
    key = f"replay:{row.replay_of_id or row.pk}:{secrets.token_hex(8)}"
    made = endpoints.draft(endpoint, row.kind, key, now, body=row.body)
    made.message_id, made.version = row.message_id, row.version
    made.event_id, made.reservation_id = row.event_id, row.reservation_id
    made.venue_id, made.replay_of_id = row.venue_id, row.replay_of_id or row.pk
    return made
