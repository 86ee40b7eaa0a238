"""Writes what partners are told of an event: entries of their feeds, and deliveries to endpoints.

It runs in the transaction of the dispatch and only inserts rows. Repeated, it adds nothing.
"""

from collections.abc import Iterable, Sequence
from functools import cache

from hooks import bodies, partners
from hooks.catalogue import OF_ITS_MAKER, TYPES
from hooks.entitlements import is_told_of, may_hold_all
from hooks.models import Endpoint, FeedEntry
from notices import outgoing
from notices.models import Delivery
from notices.models.delivery import Channel
from reservations import clock
from reservations.models import Event


def fan_out(event: Event) -> None:
    """Adds an event to the feeds and endpoints of the partners who may see it."""
    seen_by = _partners(event)
    if not seen_by or event.name not in TYPES:
        return
    body, now = bodies.text(bodies.thin(event)), clock.now()
    FeedEntry.objects.bulk_create(
        [
            FeedEntry(
                partner=slug,
                event=event,
                venue_id=event.venue_id,
                type=event.name,
                body=body,
                written_at=now,
            )
            for slug in seen_by
        ],
        ignore_conflicts=True,
    )
    outgoing.add(_deliveries(event, seen_by, body))


def webhook_id(event_id: int) -> str:
    """Returns the id by which receivers know an event, the same at each endpoint and each try."""
    return f"evt_{event_id}"


def _partners(event: Event) -> Sequence[str]:
    if not event.name.startswith(OF_ITS_MAKER):
        return partners.of_venue(event.venue_id)
    if event.reservation is None or not event.reservation.partner:
        return ()
    maker = partners.authority_of(event.reservation.partner)
    return [maker.partner or ""] if maker and maker.may_run(event.venue_id) else ()


def _deliveries(event: Event, seen_by: Iterable[str], body: str) -> list[Delivery]:
    now = clock.now()
    fat = cache(lambda: bodies.text(bodies.fat(event)))
    partner_of = cache(partners.authority_of)
    found = Endpoint.objects.filter(partner__in=seen_by, is_active=True)
    return [
        Delivery(
            kind=event.name,
            channel=Channel.WEBHOOK,
            lane=endpoint.lane,
            to=str(endpoint.pk),
            event=event,
            reservation_id=event.reservation_id,
            venue_id=event.venue_id,
            version=event.reservation.version if event.reservation else None,
            dedupe=f"event:{event.pk}:webhook:{endpoint.pk}",
            body=fat() if may_hold_all(endpoint, partner_of(endpoint.partner)) else body,
            message_id=webhook_id(event.pk),
            created_at=now,
            next_try_at=now,
        )
        for endpoint in found.prefetch_related("venues")
        if _wants(endpoint, event)
    ]


def _wants(endpoint: Endpoint, event: Event) -> bool:
    has_type = "*" in endpoint.types or event.name in endpoint.types
    return has_type and is_told_of(endpoint, event.venue_id)
