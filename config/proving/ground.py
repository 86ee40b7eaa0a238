"""The scratch venue of a proof: makes it, finds it again and removes all its rows."""

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

from config.proving.script import STEP
from reservations.models import Allocation, Event, Reservation
from venues import kinds, presets, scratch
from venues.models import Category, Combination, Opening, Policy, Rate, Resource, Venue

HOLD_TIME = timedelta(milliseconds=800)
GRACE = timedelta(seconds=1)
ROOMS, TABLES = 6, 4
SEATS = 2
"""The capacity of a room or table. A party twice as large needs two tables together."""
_BATCH = 500
_LOCK = 7_364_121_908
"""The advisory lock of a running proof."""
_PATIENCE = 30.0
"""Seconds that the database may take to come back."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A scratch venue with the ids of its units by category."""

    venue_id: int
    slug: str
    units: dict[str, list[int]]


def make() -> Ground:
    """Makes a venue where everything takes seconds instead of hours.

    Within a minute, holds lapse, guests do not come and stays end while others ask for the same
    range.
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
    """Removes every scratch venue and returns their slugs. Call it inside `alone`."""
    found = [venue for venue in Venue.objects.all() if scratch.is_scratch(venue)]
    for venue in found:
        remove(venue.pk)
    return [venue.slug for venue in found]


def remove(venue_id: int) -> None:
    """Removes a scratch venue and all its rows."""
    # Start with the rows that protect others.
    rows: tuple[type[models.Model], ...] = (
        Event, Allocation, Reservation, Combination, Rate, Opening, Resource, Category, Policy,
    )  # fmt: skip
    for model in rows:
        _delete(model._default_manager.filter(venue_id=venue_id))
    Venue.objects.filter(pk=venue_id).delete()


@contextmanager
def alone() -> Iterator[None]:
    """Lets no other proof run in this database during the block. Raises CommandError if one does.

    So every scratch venue is this proof's own, or left over.
    """
    if connection.vendor != "postgresql":
        with _alone_in(Path(settings.DATA_DIR)):
            yield
        return
    _lock()
    try:
        yield
    finally:
        # A lost connection has released it already.
        with suppress(OperationalError, InterfaceError), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def come_back() -> None:
    """Connects again and takes the lock again, if the database was restarted.

    Raises CommandError if it does not come back.
    """
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
        "shortest_stay": STEP,
        "step": None,
        "buffer_after": timedelta(0),
        "hold_time": HOLD_TIME,
        "grace": GRACE,
        "early_check_in": timedelta(minutes=1),
        "records_departure": False,
        "releases_no_shows": True,
        "cancel_fee_percent": 50,
        "cancel_deadline": timedelta(minutes=1),
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
    """Deletes in batches, each in a transaction, so that bookings of a live system do not wait."""
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
