"""What was promised is a local time, also after the rules of its zone have changed."""

import io
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from importlib.resources import files
from typing import BinaryIO
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from freezegun.api import FrozenDateTimeFactory

from config import checks
from reservations import actions, records
from reservations.errors import Refusal
from reservations.inventory import closures, zone_changes
from reservations.models import Allocation, Event, Reservation
from reservations.requests import Times
from reservations.rules import local_promises
from tests.factories import DESK, add_hours, hold, make_venue
from tests.reservations.facts import DAY, HOUR, MINUTE, overlaps
from venues import catalogue, time_zones
from venues.hours import Window
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

AMSTERDAM = "Europe/Amsterdam"
MAY = date(2027, 5, 19)
NINE = datetime(2027, 5, 19, 7, tzinfo=UTC)
"""Nine in the morning in Amsterdam, in summer time."""


@pytest.fixture
def no_summer_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From the call on, Amsterdam keeps its winter time all year."""
    named = time_zones.named

    def change() -> None:
        changed = ZoneInfo.from_file(_winter(), key=AMSTERDAM)
        monkeypatch.setattr(
            time_zones, "named", lambda name: changed if name == AMSTERDAM else named(name)
        )
        catalogue._kept.clear()

    return change


def _winter() -> BinaryIO:
    return io.BytesIO((files("tzdata") / "zoneinfo" / "Africa" / "Lagos").read_bytes())


def in_amsterdam(venue: Venue) -> Venue:
    Venue.objects.filter(pk=venue.pk).update(time_zone=AMSTERDAM)
    return records.load_venue(venue.pk)


def practice() -> Venue:
    venue = in_amsterdam(make_venue("practice", horizon=None))
    add_hours(venue, time(8), time(18), resource=venue.resources.get())
    return records.load_venue(venue.pk)


def local(row: Reservation) -> list[str]:
    zone = time_zones.named(AMSTERDAM)
    return [f"{at.astimezone(zone):%H:%M}" for at in (row.starts_at, row.ends_at)]


def restated(*options: str) -> str:
    said = io.StringIO()
    call_command("restate_zones", *options, stdout=said)
    return said.getvalue()


def test_a_promise_is_kept_in_local_times() -> None:
    row = hold(practice(), NINE, 0.25)
    told = "2027-05-19T09:00:00/2027-05-19T09:15:00[Europe/Amsterdam]"
    row.refresh_from_db()
    assert row.promised_local == told
    assert local_promises.meant(told, Window(row.starts_at, row.ends_at)).start == NINE


@pytest.mark.parametrize("hour", [0, 1])
def test_of_a_time_that_is_shown_twice_the_same_one_is_meant(hour: int) -> None:
    zone = ZoneInfo(AMSTERDAM)
    start = datetime(2027, 10, 31, hour, 30, tzinfo=UTC)
    window = Window(start, start + DAY)
    assert local_promises.meant(local_promises.told(window, zone), window) == window


def test_after_new_rules_the_local_time_stays_and_the_hour_is_not_sold_again(
    no_summer_time: Callable[[], None],
) -> None:
    venue = practice()
    row = hold(venue, NINE, 0.25)
    actions.confirm(reservation_id=row.pk, by=DESK)
    no_summer_time()
    row.refresh_from_db()
    assert local(row) == ["08:00", "08:15"]
    assert zone_changes.due(NINE - 30 * DAY) == 1
    (warning,) = checks.database_is_fit(databases=["default"])
    assert (warning.id, warning.hint) == ("holdfast.W006", "Run manage.py restate_zones.")
    assert f"1 moved: {row.code}" in restated("--dry-run")
    row.refresh_from_db()
    assert local(row) == ["08:00", "08:15"]
    assert f"1 moved: {row.code}" in restated()
    row.refresh_from_db()
    assert local(row) == ["09:00", "09:15"]
    assert row.allocations.get().starts_at == row.starts_at == NINE + HOUR
    assert row.no_show_at == row.starts_at + 15 * MINUTE
    told = Event.objects.get(name="reservation.modified", reservation=row)
    assert (told.by, told.by_kind) == ("zone rules", "system")
    assert datetime.fromisoformat(told.data["changed"]["starts_at"]["from"]) == NINE
    with pytest.raises(Refusal):
        hold(records.load_venue(venue.pk), NINE + HOUR, 0.25)
    assert zone_changes.due(NINE - 30 * DAY) == 0
    assert list(checks.database_is_fit(databases=["default"])) == []
    assert "0 moved, 0 do not fit" in restated()


def test_nights_keep_their_hours_of_arrival_and_departure(
    no_summer_time: Callable[[], None],
) -> None:
    venue = in_amsterdam(make_venue("hotel", units=1))
    row = hold(venue, times=Times(check_in=MAY, check_out=MAY + 2 * DAY))
    actions.confirm(reservation_id=row.pk, by=DESK)
    closures.close(
        venue_id=venue.pk,
        resource_ids=[venue.resources.get().pk],
        window=Window(NINE + 10 * DAY, NINE + 11 * DAY),
        reason="paint",
        by=DESK,
    )
    no_summer_time()
    restated()
    row.refresh_from_db()
    assert local(row) == ["15:00", "11:00"]
    assert Allocation.objects.get(reservation=None).starts_at == NINE + 10 * DAY + HOUR


def test_who_is_here_keeps_the_start_and_leaves_at_the_hour_promised(
    frozen: FrozenDateTimeFactory, no_summer_time: Callable[[], None]
) -> None:
    venue = in_amsterdam(make_venue("hotel", units=1))
    row = hold(venue, times=Times(check_in=MAY, check_out=MAY + 2 * DAY))
    actions.confirm(reservation_id=row.pk, by=DESK)
    frozen.move_to(row.starts_at)
    actions.check_in(reservation_id=row.pk, by=DESK)
    before = row.starts_at
    frozen.tick(HOUR)
    no_summer_time()
    restated()
    row.refresh_from_db()
    assert row.starts_at == before
    assert local(row)[1] == "11:00"


def test_what_no_longer_fits_stays_and_is_listed(no_summer_time: Callable[[], None]) -> None:
    venue = practice()
    row = hold(venue, NINE, 0.25)
    actions.confirm(reservation_id=row.pk, by=DESK)
    no_summer_time()
    # The freed hour is sold to somebody else before anybody restates.
    other = hold(records.load_venue(venue.pk), NINE + HOUR, 0.25)
    said = restated()
    assert f"1 do not fit, and stay as they are: {row.code}" in said
    row.refresh_from_db()
    assert (row.starts_at, other.starts_at) == (NINE, NINE + HOUR)
    assert list(overlaps()) == []


def test_a_row_without_local_times_is_listed(no_summer_time: Callable[[], None]) -> None:
    row = hold(practice(), NINE, 0.25)
    actions.confirm(reservation_id=row.pk, by=DESK)
    Reservation.objects.update(promised_local=None)
    no_summer_time()
    told = restated()
    assert f"1 have no local times, and stay as they are: {row.code}" in told
    assert "1 were written without local times" in told and "their instants stay" in told
