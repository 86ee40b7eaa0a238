"""Seeded worlds: what is said to be free can be booked, and the database alone writes the same."""

from datetime import datetime
from urllib.parse import quote

import pytest
from django.db import connection
from pytest_django import Settings

from benchmarks import create, seeding
from benchmarks.bare import pgbench
from benchmarks.failing import Failed
from benchmarks.plan import STAY, UNITS, World
from benchmarks.services import binary
from reservations.models import Allocation, Event, Reservation
from venues.models import Venue

ROWS = 2_000


@pytest.fixture
def world(transactional_db: None, settings: Settings) -> World:
    # As benchmarks are run: a partner may hold as many as it likes.
    settings.HOLDS_PER_KEY = settings.HOLDS_PER_ADDRESS = 0
    facts = seeding.fill(ROWS, stay=STAY, is_lapsed=False)
    base = datetime.fromisoformat(facts.pop("base"))
    revision = Venue.objects.get().revision
    return World(rows=ROWS, units=UNITS, base=base, revision=revision, **facts)


def take(world: World, *, first: int) -> list[float]:
    asked = {"rows": ROWS, "first_unit": world.first_unit, "base": world.base.isoformat()}
    return seeding.hold({**asked, "first": first, "seconds": 0.2})


def test_a_seeded_year_is_sold_and_its_plan_is_free(world: World) -> None:
    assert Reservation.objects.count() == Allocation.objects.count() == ROWS
    assert Event.objects.filter(name="reservation.created").count() == ROWS
    taken = len(take(world, first=0))
    assert Allocation.objects.count() == ROWS + taken


@pytest.mark.postgres
def test_the_database_alone_writes_what_the_verb_writes_at_the_planned_times(world: World) -> None:
    try:
        binary("pgbench")
    except Failed:
        pytest.skip("pgbench is not installed")
    taken = len(take(world, first=0))
    written = create.written(url())
    values = create.values(world, offset=taken)
    pgbench(url(), "create.sql", clients=create.CLIENTS, until=["--transactions=2"], values=values)
    assert create.written(url()) == written
    begun = create.CLIENTS
    planned = {world.slot(taken + begun + number) for number in range(begun * 2)}
    latest = Allocation.objects.order_by("-pk")[: begun * 2]
    assert {(row.resource_id, row.starts_at) for row in latest} == planned


def url() -> str:
    given = connection.settings_dict
    who = f"{given['USER']}:{quote(given['PASSWORD'])}" if given["PASSWORD"] else given["USER"]
    return f"postgres://{who}@{given['HOST']}:{given['PORT']}/{given['NAME']}"
