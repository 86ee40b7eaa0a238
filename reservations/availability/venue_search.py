"""Searches venues by words, kind and city, with ratings and today's number of bookings.

The API and the pages use the same search.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Avg, Count, Q, QuerySet

from guests.callers import Caller
from reservations.event_types import CREATED
from reservations.models import Event
from venues.models import Venue


def rated() -> QuerySet[Venue]:
    """Venues that take reservations, with `rating` (mean stars, or None) and `review_count`."""
    return Venue.objects.filter(is_active=True).annotate(
        rating=Avg("reviews__stars"), review_count=Count("reviews")
    )


def matching(*, words: str, kind: str, city: str, by: Caller) -> QuerySet[Venue]:
    """The venues whose name, city or address has every word. An empty filter matches all.

    Venues that are not listed appear only for their own staff and partners.
    """
    venues = rated()
    if by.venue_ids is not None:
        venues = venues.filter(Q(is_listed=True) | Q(pk__in=by.venue_ids))
    for word in words.split():
        venues = venues.filter(
            Q(name__icontains=word) | Q(city__icontains=word) | Q(address__icontains=word)
        )
    if kind:
        venues = venues.filter(kind=kind)
    if city.strip():
        venues = venues.filter(city__iexact=city.strip())
    return venues


def booked_today(venues: Sequence[Venue], *, now: datetime) -> Counter[int]:
    """By venue id, how many reservations were made since local midnight. Runs one query.

    Leaves out cancelled ones.
    """
    zones = {venue.pk: venue.zone for venue in venues}
    # Counts events, because an index finds the latest events of a venue.
    made = Event.objects.filter(
        venue__in=zones,
        recorded_at__gt=now - timedelta(hours=26),
        name=CREATED.name,
        reservation__cancelled_at__isnull=True,
    )
    return Counter(
        venue_id
        for venue_id, at in made.order_by().values_list("venue_id", "recorded_at")
        if at.astimezone(zones[venue_id]).date() == now.astimezone(zones[venue_id]).date()
    )
