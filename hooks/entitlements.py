"""What an endpoint may be told: of which venues, and whether bodies hold the whole reservation.

A key sets no more than it may see. What was set is judged again when something leaves, because a
partner loses venues, scopes and keys while deliveries wait, and an endpoint is narrowed.
"""

from guests.callers import Caller
from hooks import partners
from hooks.models import Endpoint
from reservations.errors import Forbidden

READS = "reservations:read"
"""The scope without which no body holds a whole reservation."""

_WIDER = (
    "This endpoint tells more than your key may see. Send `venues` and `include` along, or use a "
    "key that may see it all."
)


def is_told_of(endpoint: Endpoint, venue_id: int) -> bool:
    """Says whether an endpoint, with its prefetched venues, is told of a venue (by id)."""
    return endpoint.has_all_venues or venue_id in {venue.pk for venue in endpoint.venues.all()}


def may_hold_all(endpoint: Endpoint, partner: Caller | None) -> bool:
    """Says whether bodies for an endpoint of this partner may hold the whole reservation."""
    reads = partner is not None and READS in partner.scopes
    return reads and "reservation" in endpoint.include


def judge_reach(endpoint: Endpoint, by: Caller) -> None:
    """Raises Forbidden for an endpoint that is told more than the caller may see.

    Whoever changes an endpoint may change its address, and gets what it is told.
    """
    venues = set(endpoint.venues.values_list("pk", flat=True))
    is_wider = endpoint.has_all_venues or not all(map(by.may_run, venues))
    holds_all = may_hold_all(endpoint, partners.authority_of(endpoint.partner))
    if (is_wider and partners.is_limited(by)) or (holds_all and READS not in by.scopes):
        raise Forbidden(_WIDER)
