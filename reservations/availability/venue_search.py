"""Searches venues by words, kind and city, with ratings and today's number of bookings.

The API and the pages use the same search.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from django.db.models import Avg, Count, Q, QuerySet

from guests.callers import Caller
from reservations.event_types import CREATED
from reservations.models import Event
from spelling import search_text
from spelling.alphabet import Alphabetical
from venues import kinds
from venues.models import Venue

_REMEMBERED = 20_000
"""Texts of one process."""


def rated() -> QuerySet[Venue]:
    """Venues that take reservations, with `rating` (mean stars, or None) and `review_count`."""
    return Venue.objects.filter(is_active=True).annotate(
        rating=Avg("reviews__stars"), review_count=Count("reviews")
    )


def matching(*, words: str, kind: str, city: str, by: Caller) -> QuerySet[Venue]:
    """The venues whose name, city, address or kind has every word. An empty filter matches all.

    Venues that are not listed appear only for their own staff and partners.
    """
    venues = rated()
    if by.venue_ids is not None:
        venues = venues.filter(Q(is_listed=True) | Q(pk__in=by.venue_ids))
    if kind:
        venues = venues.filter(kind=kind)
    if town := search_text.compact(city):
        found = venues.order_by().values_list("pk", "city")
        ids = [pk for pk, name in found if _compact(name) == town]
        venues = venues.filter(pk__in=ids)
    return named(venues, words)


def named(venues: QuerySet[Venue], words: str) -> QuerySet[Venue]:
    """The venues among these whose name, city, address or kind has every word.

    Compares as the search of reservations does. Reads the names of all of them: there are few
    venues, and their search texts are remembered. No words match all.
    """
    if not words.strip():
        return venues
    rows = venues.order_by().values_list("pk", "name", "city", "address", "kind")
    ids = [pk for pk, *place in rows if search_text.matches(_text_of(*place), words)]
    return venues.filter(pk__in=ids)


def in_order(venues: QuerySet[Venue]) -> list[int]:
    """The ids of these venues by their names, as a reader's alphabet has them: É beside E."""
    ids = venues.order_by(Alphabetical("name"), "pk").values_list("pk", flat=True)
    # A filter may find a venue more than once.
    return list(dict.fromkeys(ids))


def booked_today(venues: Sequence[Venue], *, now: datetime) -> Counter[int]:
    """By venue id, how many reservations were made since local midnight. Runs one query.

    Leaves out those that were cancelled, and holds that have lapsed.
    """
    zones = {venue.pk: venue.zone for venue in venues}
    # Counts events, because an index finds the latest events of a venue.
    stands = Q(reservation__confirmed_at__isnull=False) | Q(reservation__hold_expires_at__gt=now)
    made = Event.objects.filter(
        stands,
        venue__in=zones,
        recorded_at__gt=now - timedelta(hours=26),
        name=CREATED.name,
        reservation__cancelled_at__isnull=True,
        reservation__expired_at__isnull=True,
    )
    return Counter(
        venue_id
        for venue_id, at in made.order_by().values_list("venue_id", "recorded_at")
        if at.astimezone(zones[venue_id]).date() == now.astimezone(zones[venue_id]).date()
    )


@lru_cache(maxsize=_REMEMBERED)
def _text_of(name: str, city: str, address: str, kind: str) -> str:
    return search_text.of_place(name, city, address, kinds.named(kind).words)


@lru_cache(maxsize=_REMEMBERED)
def _compact(city: str) -> str:
    return search_text.compact(city)
