"""What the tests find in the database: made inside the product's own process, told as JSON."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from django.conf import settings
from django.db import connection, models
from django.db.migrations import AddField
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.test import Client
from django.utils import timezone

from guests import callers, tokens
from guests.models import Partner, User
from hooks.health import SWITCHED_OFF
from hooks.models import Endpoint
from notices.exports import jobs
from notices.models import Delivery
from reservations.models import Allocation, Reservation
from tests.factories import hold, make_venue
from tests.guests.factories import (
    AdministratorFactory,
    PartnerFactory,
    StaffFactory,
    UserFactory,
)
from tests.hooks.making import make_delivery, make_endpoint
from tests.reservations.facts import facts
from venues.models import Venue

_HOUR = timedelta(hours=1)


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


def webhooks(endpoints: int, count: int, url: str) -> dict[str, Any]:
    """So many deliveries that wait, spread over endpoints of a partner at this receiver."""
    name = uuid4().hex[:12]
    PartnerFactory.create(slug=name)
    made = [make_endpoint(name, f"{url}{number}") for number in range(endpoints)]
    ids = [
        make_delivery(made[number % endpoints], key=f"{name}_{number}").message_id
        for number in range(count)
    ]
    return {"ids": ids, "secrets": _secrets(made)}


def stays(count: int) -> dict[str, Any]:
    """A person with so many stays, and the file of them that they ask for."""
    user = UserFactory.create(email=_address())
    venue, now = make_venue(units=1), timezone.now()
    models.prefetch_related_objects([venue], "categories")
    Reservation.objects.bulk_create(
        facts(venue, guest=user, starts_at=now + n * _HOUR, ends_at=now + (n + 1) * _HOUR)
        for n in range(count)
    )
    return {"user": user.pk, "export": export(user.pk)}


def export(user_id: int) -> int:
    """The file that somebody asks for."""
    return jobs.start(User.objects.get(pk=user_id), "reservations").pk


def letters(count: int) -> list[str]:
    """So many letters that wait. Returns the addresses they go to."""
    now = timezone.now()
    name = uuid4().hex[:12]
    made = Delivery.objects.bulk_create(
        Delivery(
            kind=SWITCHED_OFF,
            channel="mail",
            lane="mail",
            to=f"{name}-{number}@example.com",
            dedupe=f"{name}:{number}",
            data={"url": "https://hooks.example.com/", "reason": "It is gone."},
            created_at=now,
            next_try_at=now,
        )
        for number in range(count)
    )
    return [one.to for one in made]


def subscriber(url: str) -> dict[str, Any]:
    """A venue, and a partner whose one endpoint is told of what it books there."""
    name = uuid4().hex[:12]
    venue = make_venue("restaurant", units=90, horizon=None, confirms_at_once=True)
    PartnerFactory.create(slug=name, venues=[venue])
    endpoint = make_endpoint(name, f"{url}0", types=["reservation.created"])
    return {"venue": venue.slug, "partner": name, "secrets": _secrets([endpoint])}


def booked_by_partner(venue: str, partner: str, count: int) -> int:
    """So many reservations that the partner makes."""
    by = callers.for_partner(Partner.objects.get(slug=partner))
    place = Venue.objects.get(slug=venue)
    start = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=3)
    for _ in range(count):
        hold(place, start, by=by)
    return count


def _secrets(made: list[Endpoint]) -> dict[str, str]:
    return {urlsplit(one.url).path: str(one.known_secret) for one in made}  # type: ignore[attr-defined]


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
