"""How many deliveries wait, since when, and how those of late ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q

from notices import channels
from notices.models import Delivery
from notices.models.delivery import DeliveryQuerySet
from reservations import clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What waits on a channel. `due_since` is of the one that could have been tried longest ago,
    None where none is due now.
    """

    waiting: int = 0
    due: int = 0
    due_since: datetime | None = None
    oldest_at: datetime | None = None

    def overdue(self, now: datetime) -> timedelta:
        """Returns for how long one could have been tried and was not."""
        return max(now - self.due_since, timedelta(0)) if self.due_since else timedelta(0)


def by_channel(found: DeliveryQuerySet | None = None) -> Mapping[str, Backlog]:
    """Returns what waits, of `found` or of all, for every channel that can be sent by.

    One query of those that wait.
    """
    now = clock.now()
    is_due = Q(next_try_at__lte=now)
    rows = (
        (Delivery.objects.all() if found is None else found)
        .waiting()
        .order_by()
        .values("channel")
        .annotate(
            waiting=Count("pk"),
            due=Count("pk", filter=is_due),
            due_since=Min("next_try_at", filter=is_due),
            oldest_at=Min("created_at"),
        )
    )
    told = {
        row["channel"]: Backlog(
            waiting=row["waiting"],
            due=row["due"],
            due_since=row["due_since"],
            oldest_at=row["oldest_at"],
        )
        for row in rows
    }
    return {name: Backlog() for name in channels.names()} | told
