"""The scratch venue that a proof plays on: made, found again, taken away with all that is its."""

import fcntl
import itertools
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import monotonic, sleep

from django.conf import settings
from django.core.management.base import CommandError
from django.db import InterfaceError, OperationalError, connection, models, transaction

from reservations.models import Allocation, Event, Reservation
from venues import kinds, presets, scratch
from venues.models import Category, Combination, Opening, Policy, Rate, Resource, Venue

HOLD_TIME = timedelta(milliseconds=800)
GRACE = timedelta(seconds=1)
ROOMS, TABLES = 6, 4
SEATS = 2
"""What a room or a table seats; twice as many need two tables together."""
_BATCH = 500
_LOCK = 7_364_121_908
"""Of all advisory locks in the database, the one that says a proof is running."""
_PATIENCE = 30.0
"""Seconds that a database may take to come back."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A scratch venue: its units, by category."""

    venue_id: int
    slug: str
    units: dict[str, list[int]]


def make() -> Ground:
    """A venue where seconds are what hours are elsewhere, so that all happens within a minute.

    Holds lapse, guests fail to come and stays end while others ask for the same time.
    """
    with transaction.atomic():
        venue = presets.create_venue(
            slug=f"{scratch.PREFIX}{secrets.token_hex(6)}",
            name="Scratch venue of manage.py prove",
            kind=kinds.RESTAURANT.code,
            is_listed=False,
            policy=_policy(),
        )
        rooms, tables = _category(venue, "room", ROOMS), _category(venue, "table", TABLES)
        for first, second in itertools.pairwise(tables):
            pair = Combination.objects.create(
                venue=venue,
                category=first.category,
                name=f"{first.name} and {second.name}",
                capacity=2 * SEATS,
            )
            pair.resources.set([first, second])
    units = {"room": [unit.pk for unit in rooms], "table": [unit.pk for unit in tables]}
    return Ground(venue.pk, venue.slug, units)


def remove_all() -> list[str]:
    """Take away every scratch venue there is; returns their slugs. Call it under `alone`."""
    found = [venue for venue in Venue.objects.all() if scratch.is_scratch(venue)]
    for venue in found:
        remove(venue.pk)
    return [venue.slug for venue in found]


def remove(venue_id: int) -> None:
    """Take a scratch venue away, with all that happened there."""
    # Those first that others are protected by.
    rows: tuple[type[models.Model], ...] = (
        Event, Allocation, Reservation, Combination, Rate, Opening, Resource, Category, Policy,
    )  # fmt: skip
    for model in rows:
        _delete(model._default_manager.filter(venue_id=venue_id))
    Venue.objects.filter(pk=venue_id).delete()


@contextmanager
def alone() -> Iterator[None]:
    """Nobody else proves in this database meanwhile; every scratch venue is ours or left over."""
    if connection.vendor != "postgresql":
        with _alone_in(Path(settings.DATA_DIR)):
            yield
        return
    _lock()
    try:
        yield
    finally:
        # One that was lost has let go by itself.
        with suppress(OperationalError, InterfaceError), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def come_back() -> None:
    """Be connected and alone again, also where the database was restarted meanwhile."""
    if connection.vendor != "postgresql" or connection.is_usable():
        return
    connection.close()
    limit = monotonic() + _PATIENCE
    while True:
        with suppress(OperationalError):
            _lock()
            return
        if monotonic() > limit:
            raise CommandError("The database did not come back.")
        sleep(1)


def _policy() -> dict[str, object]:
    return {
        "horizon": None,
        "default_length": None,
        "longest_stay": None,
        "step": None,
        "buffer_after": timedelta(0),
        "hold_time": HOLD_TIME,
        "grace": GRACE,
        "early_check_in": timedelta(minutes=1),
        "records_departure": False,
        "releases_no_shows": True,
        "unit_choice": Policy.UnitChoice.GUEST,
    }


def _category(venue: Venue, code: str, count: int) -> list[Resource]:
    category = Category.objects.create(venue=venue, code=code, name=code.title())
    Rate.objects.create(venue=venue, category=category, unit=Rate.Unit.FLAT, amount_minor=1_000)
    return [
        Resource.objects.create(
            venue=venue, category=category, name=f"{code.title()} {number}", capacity=SEATS
        )
        for number in range(1, count + 1)
    ]


def _delete(rows: models.QuerySet[models.Model]) -> None:
    """A batch at a time, each a transaction: a live system's bookings must not wait for it."""
    while ids := list(rows.order_by("pk").values_list("pk", flat=True)[:_BATCH]):
        rows.filter(pk__in=ids).delete()


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        if cursor.fetchone() != (True,):
            raise CommandError("Another prove is running in this database.")


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    with (folder / "prove.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CommandError("Another prove is running in this database.") from None
        yield
