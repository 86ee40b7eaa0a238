"""What providers took back from a venue by other means than ours, for the desk to see."""

from datetime import datetime, timedelta

from django.db.models import QuerySet

from payments import accounts
from payments.models import Entry, Kind
from payments.outside.reversals import PREFIX

SHOWN = timedelta(days=30)
"""How long the desk is told."""


def taken_back(venue_id: int, now: datetime) -> QuerySet[Entry]:
    """The refunds and disputes of a venue that others made lately, newest first."""
    lately = Entry.objects.filter(venue=venue_id, at__gt=now - SHOWN, by__startswith=PREFIX)
    # What came back, such as by a dispute that was won, stands on the reservation.
    gone = lately.filter(kind__in=(Kind.REFUND, Kind.DISPUTE), from_account=accounts.GUEST)
    return gone.select_related("reservation").order_by("-pk")
