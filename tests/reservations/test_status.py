"""What facts mean at an instant: the same in Python and in SQL, at every boundary, in any zone."""

import itertools
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory

from guests import tokens
from reservations import clock
from reservations.models import Reservation
from reservations.status import Status, status_expression, status_of
from tests.effort import some
from tests.factories import NOON, hold, make_venue
from tests.guests.factories import AdministratorFactory
from tests.reservations.facts import DAY, HOUR, MINUTE, SECOND, around, facts
from venues.models import Venue

pytestmark = pytest.mark.django_db

# A start in local time, near a change of the clocks where the zone has any.
STARTS = [
    ("UTC", "2027-03-01T12:00"),
    ("Europe/Berlin", "2027-03-28T01:30"),
    ("Europe/Berlin", "2027-10-31T01:30"),
    ("America/New_York", "2027-03-14T01:30"),
    ("America/New_York", "2027-11-07T00:30"),
    ("Australia/Lord_Howe", "2027-10-03T01:45"),
    ("Australia/Lord_Howe", "2027-04-04T01:15"),
    ("Pacific/Chatham", "2027-09-26T02:30"),
    ("Pacific/Chatham", "2027-04-04T02:30"),
    ("Asia/Kathmandu", "2027-03-28T01:30"),
]

DONE = {"confirmed_at": timedelta(hours=-20)}
NO_SHOW_AT = {"no_show_at": timedelta(minutes=15)}


@dataclass(frozen=True)
class Turn:
    """At `boundary` (since the start) one status gives way to another, or stays."""

    name: str
    boundary: timedelta
    before: Status
    after: Status
    set_at: dict[str, timedelta] = field(default_factory=dict)
    assumed: dict[str, bool] = field(default_factory=dict)


HELD_UNTIL = timedelta(hours=-23, minutes=-30)
ARRIVAL = {"is_arrival_assumed": True}
DEPARTURE = {"is_departure_assumed": True}
START, GRACE, END = timedelta(0), timedelta(minutes=15), timedelta(hours=2)
HERE = DONE | {"checked_in_at": timedelta(minutes=5)}

TURNS = [
    Turn("a hold lapses", HELD_UNTIL, Status.HELD, Status.EXPIRED),
    Turn("a hold past its start", START, Status.HELD, Status.HELD, {"hold_expires_at": HOUR}),
    Turn("a hold that lapses late", HOUR, Status.HELD, Status.EXPIRED, {"hold_expires_at": HOUR}),
    Turn(
        "a hold written down as lapsed",
        HOUR,
        Status.EXPIRED,
        Status.EXPIRED,
        {"hold_expires_at": HOUR, "expired_at": HELD_UNTIL},
    ),
    Turn("confirmed in time", HELD_UNTIL, Status.UPCOMING, Status.UPCOMING, DONE | NO_SHOW_AT),
    Turn("awaited at the start", START, Status.UPCOMING, Status.UPCOMING, DONE | NO_SHOW_AT),
    Turn("awaited too long", GRACE, Status.UPCOMING, Status.NO_SHOW, DONE | NO_SHOW_AT),
    Turn("missed stays missed", END, Status.NO_SHOW, Status.NO_SHOW, DONE | NO_SHOW_AT),
    Turn("missed at the end", END, Status.UPCOMING, Status.NO_SHOW, DONE | {"no_show_at": END}),
    Turn("arrival assumed", START, Status.UPCOMING, Status.PRESENT, DONE, ARRIVAL),
    Turn("departure recorded", END, Status.PRESENT, Status.PRESENT, DONE, ARRIVAL),
    Turn("both assumed", END, Status.PRESENT, Status.LEFT, DONE, ARRIVAL | DEPARTURE),
    Turn("here at the no-show", GRACE, Status.PRESENT, Status.PRESENT, HERE | NO_SHOW_AT),
    Turn("here past the end", END, Status.PRESENT, Status.PRESENT, HERE | NO_SHOW_AT),
    Turn("here, leaving assumed", END, Status.PRESENT, Status.LEFT, HERE | NO_SHOW_AT, DEPARTURE),
    Turn("left early", END, Status.LEFT, Status.LEFT, HERE | {"checked_out_at": HOUR}),
    Turn("left, arrival assumed", START, Status.LEFT, Status.LEFT, DONE | {"checked_out_at": HOUR}),
    Turn(
        "cancelled at the no-show",
        GRACE,
        Status.CANCELLED,
        Status.CANCELLED,
        DONE | NO_SHOW_AT | {"cancelled_at": -HOUR},
    ),
    Turn(
        "a hold cancelled",
        HELD_UNTIL,
        Status.CANCELLED,
        Status.CANCELLED,
        {"cancelled_at": HELD_UNTIL - MINUTE},
    ),
]


@pytest.fixture
def venue() -> Venue:
    return make_venue()


def row_of(venue: Venue, turn: Turn, start: datetime) -> Reservation:
    set_at = {"hold_expires_at": HELD_UNTIL} | turn.set_at
    instants = {name: start + offset for name, offset in set_at.items()}
    row = facts(venue, starts_at=start, ends_at=start + END, **instants, **turn.assumed)
    row.save()
    return row


def found_in(row: Reservation, at: datetime) -> list[Status]:
    one = Reservation.objects.filter(pk=row.pk)
    return [status for status in Status if one.in_status(status, at=at).exists()]


def test_the_table_has_every_status_at_a_boundary() -> None:
    assert {turn.before for turn in TURNS} | {turn.after for turn in TURNS} == set(Status)


@pytest.mark.no_cover
@pytest.mark.parametrize(("zone", "local"), some(STARTS, 2))
@pytest.mark.parametrize("turn", TURNS, ids=lambda turn: turn.name)
def test_a_status_turns_at_its_instant_and_not_a_second_sooner(
    venue: Venue, frozen: FrozenDateTimeFactory, turn: Turn, zone: str, local: str
) -> None:
    start = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone))
    # Lengths are elapsed time, so the boundary is reckoned in UTC.
    row = row_of(venue, turn, datetime.fromtimestamp(start.timestamp(), tz=NOON.tzinfo))
    boundary = row.starts_at + turn.boundary
    for instant, expected in zip(
        around(boundary), (turn.before, turn.after, turn.after), strict=True
    ):
        frozen.move_to(instant)
        read = Reservation.objects.get(pk=row.pk)
        assert status_of(read, clock.now()) is expected
        assert found_in(row, clock.now()) == [expected]


def every_row(venue: Venue) -> Iterator[Reservation]:
    """Each combination of facts that the database lets be."""
    recorded = {
        "confirmed_at": (None, NOON - DAY + 10 * MINUTE),
        "hold_expires_at": (None, NOON - DAY + 30 * MINUTE),
        "expired_at": (None, NOON - DAY + 30 * MINUTE),
        "no_show_at": (None, NOON + 15 * MINUTE),
        "checked_in_at": (None, NOON + 5 * MINUTE),
        "checked_out_at": (None, NOON + HOUR),
        "cancelled_at": (None, NOON - HOUR),
        "is_arrival_assumed": (False, True),
        "is_departure_assumed": (False, True),
    }
    for values in itertools.product(*recorded.values()):
        given: dict[str, Any] = dict(zip(recorded, values, strict=True))
        if given["confirmed_at"] or given["hold_expires_at"]:
            yield facts(venue, **given)


def test_every_row_of_facts_has_exactly_one_status_at_every_instant(venue: Venue) -> None:
    Reservation.objects.bulk_create(every_row(venue))
    boundaries = [NOON - DAY + 30 * MINUTE, NOON, NOON + 15 * MINUTE, NOON + 2 * HOUR]
    seen = set()
    for instant in itertools.chain.from_iterable(map(around, boundaries)):
        counted = [
            pk
            for status in Status
            for pk in Reservation.objects.in_status(status, at=instant).values_list("pk", flat=True)
        ]
        assert sorted(counted) == sorted(Reservation.objects.values_list("pk", flat=True))
        in_sql = Reservation.objects.annotate(number=status_expression(instant))
        numbers = dict(in_sql.values_list("pk", "number"))
        rows = {row.pk: row for row in Reservation.objects.all()}
        assert numbers == {pk: status_of(row, instant) for pk, row in rows.items()}
        seen |= set(numbers.values())
    assert seen == set(Status)


def test_a_word_on_the_wire_is_the_name_in_lower_case() -> None:
    assert [status.word for status in Status] == (
        "upcoming present left no_show held expired cancelled".split()
    )


@pytest.mark.parametrize(
    ("instant", "word", "number"),
    [
        (NOON - SECOND, "upcoming", 0),
        (NOON, "present", 1),
        (NOON + 2 * HOUR - SECOND, "present", 1),
        (NOON + 2 * HOUR, "left", 2),
    ],
)
def test_retrieving_tells_the_status_of_that_moment_and_logs_it(
    client: Client, caplog: pytest.LogCaptureFixture, instant: datetime, word: str, number: int
) -> None:
    venue = make_venue(records_arrival=False, records_departure=False)
    with freeze_time(NOON - DAY):
        row = hold(venue)
    with freeze_time(instant), caplog.at_level(logging.INFO, "api.routes.reservations"):
        access = tokens.issue(AdministratorFactory.create()).access
        answer = client.get(
            f"/api/v1/reservations/{row.pk}", headers={"Authorization": f"Bearer {access}"}
        )
    told = json.loads(answer.content)
    assert (told["status"], told["status_code"]) == (word, number)
    assert f"Reservation {row.pk} is {word}, told to user:" in caplog.text
