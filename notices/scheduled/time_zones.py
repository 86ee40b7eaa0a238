"""The time zone by which a person is told things: their own, or that of where they were last."""

from zoneinfo import ZoneInfo

from django.db.models import Case, CharField, F, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from guests.models import User
from reservations import clock
from reservations.models import Reservation
from reservations.querysets import ReservationQuerySet
from venues import kinds, time_zones

DEFAULT = "UTC"


def named(users: QuerySet[User]) -> QuerySet[User]:
    """Adds `zone_name` to each person: the zone they chose, else of the lot where they parked last.

    Who has not parked yet gets the zone of the venue that they reserved last, or UTC.
    """
    rows = Reservation.objects.filter(
        guest=OuterRef("pk"), confirmed_at__isnull=False, cancelled_at=None
    )
    parked = rows.filter(venue__kind__in=kinds.with_spots(), starts_at__lte=clock.now())
    last = Coalesce(
        _last(parked),
        _last(rows),
        Value(DEFAULT),
        output_field=CharField(),
    )
    return users.annotate(zone_name=Case(When(time_zone="", then=last), default=F("time_zone")))


def name_of(user: User) -> str:
    """Returns the name of a person's zone. At most one query."""
    if user.time_zone:
        return user.time_zone
    found = named(User.objects.filter(pk=user.pk)).first()
    return str(getattr(found, "zone_name", DEFAULT))


def of(user: User) -> ZoneInfo:
    """Returns a person's zone. Runs no query where `named` has added it."""
    return time_zones.named(getattr(user, "zone_name", None) or name_of(user))


def _last(rows: ReservationQuerySet) -> Subquery:
    return Subquery(rows.order_by("-starts_at").values("venue__time_zone")[:1])
