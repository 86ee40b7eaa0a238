"""What the tests find in the database: made inside the product's own process, told as JSON."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import connection, models
from django.db.migrations import AddField
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.test import Client
from django.utils import timezone

from guests import tokens
from guests.models import User
from reservations.models import Allocation, Reservation
from tests.factories import make_venue
from tests.guests.factories import AdministratorFactory, StaffFactory, UserFactory
from tests.reservations.facts import facts
from venues.models import Venue


def lot(units: int = 20, **policy: Any) -> dict[str, Any]:
    """A lot whose spots are chosen, and who may book there."""
    venue = make_venue(units=units, unit_choice="guest", **policy)
    return _told(venue, UserFactory.create(email=_address()))


def holds(count: int, seconds: float) -> dict[str, Any]:
    """So many holds, the first lapsing in `seconds`, one every 3 ms; and staff who see them."""
    venue = make_venue(units=20, confirms_at_once=False)
    first = timezone.now() + timedelta(seconds=seconds)
    rows = Reservation.objects.bulk_create(
        _held(venue, number, first + number * timedelta(milliseconds=3)) for number in range(count)
    )
    units = list(venue.resources.all())
    Allocation.objects.bulk_create(
        Allocation(
            venue=venue,
            resource=units[number % len(units)],
            reservation=row,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            lapses_at=row.hold_expires_at,
        )
        for number, row in enumerate(rows)
    )
    return _told(venue, StaffFactory.create(email=_address(), staff_venues=[venue]))


def ground(units: int, people: int = 0, hold_seconds: float = 0) -> dict[str, Any]:
    """A lot with an administrator, who has a token and a session, and people with names of their
    own. With `hold_seconds` it holds for so long; without, it confirms at once.
    """
    policy: dict[str, Any] = {"confirms_at_once": not hold_seconds}
    if hold_seconds:
        policy["hold_time"] = timedelta(seconds=hold_seconds)
    venue = make_venue(units=units, unit_choice="guest", **policy)
    administrator = AdministratorFactory.create(email=_address())
    browser = Client()
    browser.force_login(administrator)
    return _told(venue, administrator) | {
        "id": venue.pk,
        "session": browser.cookies[settings.SESSION_COOKIE_NAME].value,
        "people": [_person() for _ in range(people)],
    }


def add_column() -> None:
    """What a migration does that adds one; the database has its default, so that processes
    that do not know the column yet may go on writing."""
    before, after = _states()
    with connection.schema_editor(atomic=True) as editor:
        _ADDING.database_forwards("reservations", editor, before, after)


def drop_column() -> None:
    """The same migration taken back."""
    before, after = _states()
    with connection.schema_editor(atomic=True) as editor:
        _ADDING.database_backwards("reservations", editor, after, before)


_ADDING = AddField("reservation", "added_under_load", models.TextField(default="", db_default=""))


def _states() -> tuple[ProjectState, ProjectState]:
    before = MigrationLoader(connection).project_state()
    after = before.clone()
    _ADDING.state_forwards("reservations", after)
    return before, after


def _held(venue: Venue, number: int, lapse: datetime) -> Reservation:
    start = timezone.now() + timedelta(hours=24 + number // 20)
    return facts(venue, starts_at=start, ends_at=start + timedelta(hours=1), hold_expires_at=lapse)


def _person() -> dict[str, str]:
    """Somebody whose name, phone number and address are nowhere else in the database."""
    names = {
        "first_name": f"Zx{uuid4().hex[:10]}",
        "last_name": f"Qv{uuid4().hex[:10]}",
        "phone": f"+3161{uuid4().int % 10**7:07}",
        "email": _address(),
    }
    return names | {"token": tokens.issue(UserFactory.create(**names)).access}


def _address() -> str:
    return f"{uuid4().hex}@example.com"


def _told(venue: Venue, user: User) -> dict[str, Any]:
    return {
        "venue": venue.slug,
        "units": [str(pk) for pk in venue.resources.values_list("pk", flat=True)],
        "token": tokens.issue(user).access,
    }
