"""Guests leave the rows of stays that ended long ago; numbers and times stay."""

from datetime import timedelta
from io import StringIO
from typing import Any, get_type_hints

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connections, transaction
from freezegun.api import FrozenDateTimeFactory
from pytest_django.fixtures import Settings

from config import checks
from config.celery import app
from guests import callers
from reservations import actions, tasks
from reservations.event_types import EVENT_TYPES, FREE_TEXTS
from reservations.models import Event, Reservation
from reservations.privacy import retention
from reservations.requests import Change, Contact, Times
from settings.privacy import read_days
from tests.factories import DESK, NOON, hold, make_venue
from tests.guests.factories import UserFactory
from tests.guests.races import race
from tests.reservations.facts import DAY, HOUR, SECOND
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

ADA = Contact(
    first_name="Canary", last_name="Byron", phone="+31201234567", email="canary@example.com"
)
END = NOON + 2 * HOUR


@pytest.fixture(autouse=True)
def _ten_days(settings: Settings) -> None:
    settings.RETENTION_DAYS = {"restaurant": 10}
    # Nobody is told before; tests/notices/scheduled/test_erasure_notices.py has that.
    settings.RETENTION_NOTICE = timedelta(0)


@pytest.fixture
def venue() -> Venue:
    return make_venue("restaurant", confirms_at_once=True)


def ended(venue: Venue, frozen: FrozenDateTimeFactory, **wish: Any) -> Reservation:
    """A stay that was checked out at END, booked with an account and a staff's reason."""
    guest = callers.for_user(UserFactory.create())
    row = hold(venue, by=guest, contact=ADA, remarks="canary", vehicle_plate="CA-NA-RY", **wish)
    Event.objects.filter(reservation=row).update(data={"override_reason": "for Canary"})
    frozen.move_to(NOON)
    actions.check_in(reservation_id=row.pk, by=DESK)
    frozen.move_to(END)
    actions.check_out(reservation_id=row.pk, by=DESK)
    return row


def told(row: Reservation) -> str:
    values = list(Reservation.objects.filter(pk=row.pk).values())
    return f"{values} {list(Event.objects.filter(reservation=row).values())}".lower()


def test_who_the_guest_was_before_a_change_is_blanked_too(
    venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = hold(venue, contact=ADA, remarks="canary")
    details: dict[str, str | bool] = {"remarks": "", "last_name": "Other", "phone": "+31205550000"}
    actions.modify(reservation_id=row.pk, change=Change(details=details), by=DESK)
    longer = Change(times=Times(ends_at=END + HOUR))
    actions.modify(reservation_id=row.pk, change=longer, by=DESK)
    frozen.move_to(END + 20 * DAY)
    retention.blank_old()
    for word in ("canary", "byron", "other", "+3120"):
        assert word not in told(row)
    changed = row.events.filter(name="reservation.modified").latest("pk").data["changed"]
    assert changed["ends_at"]["to"] == (END + HOUR).isoformat()


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_a_guest_is_blanked_days_after_the_stay_ended(
    venue: Venue, frozen: FrozenDateTimeFactory, offset: int
) -> None:
    row = ended(venue, frozen)
    frozen.move_to(END + 10 * DAY + offset * SECOND)
    retention.blank_old()
    row.refresh_from_db()
    assert (row.first_name == "Erased") is (offset >= 0)


def test_nothing_of_the_guest_is_left_and_every_number_is(
    venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = ended(venue, frozen)
    row.refresh_from_db()
    frozen.move_to(END + 11 * DAY)
    counts = +retention.blank_old()
    assert counts == {"reservations": 1, "events": 2}
    after = Reservation.objects.get(pk=row.pk)
    for word in ("canary", "byron", "ca-na-ry", "+3120", f"user:{row.guest_id}"):
        assert word not in told(row)
    kept = ("guest_count", "starts_at", "ends_at", "price_minor", "checked_out_at", "code")
    assert [getattr(after, name) for name in kept] == [getattr(row, name) for name in kept]
    assert after.guest_id is None


def test_a_second_run_changes_nothing(venue: Venue, frozen: FrozenDateTimeFactory) -> None:
    row = ended(venue, frozen)
    frozen.move_to(END + 11 * DAY)
    retention.blank_old()
    version = Reservation.objects.get(pk=row.pk).version
    assert not retention.blank_old()
    assert Reservation.objects.get(pk=row.pk).version == version


def test_what_is_to_come_or_present_or_of_another_kind_is_never_touched(
    venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    parking = hold(make_venue("parking"), contact=ADA)
    later = hold(make_venue("restaurant"), NOON + 20 * DAY, contact=ADA)
    here = hold(venue, contact=ADA)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=here.pk, by=DESK)
    frozen.move_to(NOON + 15 * DAY)
    assert not retention.blank_old()
    names = Reservation.objects.filter(pk__in=[parking.pk, later.pk, here.pk])
    assert set(names.values_list("first_name", flat=True)) == {"Canary"}


def test_who_left_late_is_kept_from_when_they_left(
    venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = hold(venue, contact=ADA)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=row.pk, by=DESK)
    frozen.move_to(END + 5 * DAY)
    actions.check_out(reservation_id=row.pk, by=DESK)
    frozen.move_to(END + 11 * DAY)
    assert not retention.blank_old()
    frozen.move_to(END + 15 * DAY)
    assert retention.blank_old()["reservations"] == 1


@pytest.mark.parametrize("ending", ["cancelled", "expired", "missed"])
def test_who_never_came_is_blanked_too(frozen: FrozenDateTimeFactory, ending: str) -> None:
    row = hold(make_venue("restaurant", confirms_at_once=ending == "missed"), contact=ADA)
    if ending == "cancelled":
        actions.cancel(reservation_id=row.pk, by=DESK)
    frozen.move_to(END + 11 * DAY)
    assert retention.blank_old()["reservations"] == 1


def test_it_is_off_where_no_time_is_set(
    venue: Venue, frozen: FrozenDateTimeFactory, settings: Settings
) -> None:
    row = ended(venue, frozen)
    settings.RETENTION_DAYS = {}
    frozen.move_to(END + 1_000 * DAY)
    assert not retention.blank_old()
    row.refresh_from_db()
    assert row.first_name == "Canary"


def test_batches_go_on_until_all_are_done(
    frozen: FrozenDateTimeFactory, settings: Settings
) -> None:
    settings.SWEEP_BATCH = 2
    venue = make_venue("restaurant", units=5)
    for _ in range(5):
        hold(venue, contact=ADA)
    frozen.move_to(END + 11 * DAY)
    assert retention.blank_old()["reservations"] == 5


def test_a_dry_run_counts_by_venue_and_table_and_changes_nothing(
    venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = ended(venue, frozen)
    frozen.move_to(END + 11 * DAY)
    before, said = told(row), StringIO()
    call_command("retention", "--dry-run", stdout=said)
    assert said.getvalue().startswith(f"{venue.slug}: 1 reservations, 2 events, 0 stored answers")
    assert told(row) == before
    call_command("retention", stdout=said)
    again = StringIO()
    call_command("retention", "--dry-run", stdout=again)
    assert again.getvalue() == "Nothing is old enough.\n"


def test_a_run_writes_an_audit_line_with_counts(
    venue: Venue, frozen: FrozenDateTimeFactory, caplog: pytest.LogCaptureFixture
) -> None:
    ended(venue, frozen)
    frozen.move_to(END + 11 * DAY)
    with caplog.at_level("INFO", logger="audit"):
        tasks.blank_old_stays()
    (line,) = [record for record in caplog.records if record.name == "audit"]
    assert vars(line)["counts"]["reservations"] == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_row_that_somebody_has_locked_is_left_to_the_next_night(
    frozen: FrozenDateTimeFactory,
) -> None:
    row = hold(make_venue("restaurant"), contact=ADA)
    frozen.move_to(END + 11 * DAY)
    with transaction.atomic():
        Reservation.objects.select_for_update().get(pk=row.pk)
        assert race(1, retention.blank_old) == [{}]
    connections.close_all()
    assert retention.blank_old()["reservations"] == 1


def test_it_is_on_the_nightly_schedule() -> None:
    entry = app.conf.beat_schedule["blank old stays"]
    assert entry["task"] == "reservations.tasks.blank_old_stays"
    assert entry["schedule"].hour == {3}


def test_days_are_read_by_kind() -> None:
    assert read_days(" hotel=365, restaurant=90,") == {"hotel": 365, "restaurant": 90}
    assert read_days("") == {}


@pytest.mark.parametrize("raw", ["hotel", "hotel=0", "hotel=-1", "hotel=1,hotel=2", "Hotel=x"])
def test_what_cannot_be_read_stops_the_start(raw: str) -> None:
    with pytest.raises(ImproperlyConfigured):
        read_days(raw)


def test_an_unknown_kind_is_told_at_the_start(settings: Settings) -> None:
    assert not list(checks.retention_days())
    settings.RETENTION_DAYS = {"hotle": 3}
    (error,) = checks.retention_days()
    assert "hotle" in error.msg


def test_every_text_of_an_event_is_either_a_code_or_blanked() -> None:
    codes = {"from", "to", "with", "changed", "charge", "reprice", "released_from"}
    texts = {
        name
        for kind in EVENT_TYPES
        if kind.name.startswith("reservation.")
        for name, hint in get_type_hints(kind.shape).items()
        if "str" in str(hint)
    }
    assert texts - codes == set(FREE_TEXTS)
