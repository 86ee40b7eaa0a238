"""A reservation at a glance: each database's own way writes what the sure way would have."""

from datetime import time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.forms import model_to_dict
from django.test.utils import CaptureQueriesContext
from freezegun.api import FrozenDateTimeFactory

from reservations import actions, records
from reservations.allocation import candidates
from reservations.allocation.ask import asking
from reservations.errors import Closed, NotFound, Occupied, Taken
from reservations.idempotency import Answer, Once
from reservations.lifecycle import drafts, eligibility, hold_statement, holds
from reservations.lifecycle.eligibility import JudgedBooking
from reservations.models import Allocation, Event, Reservation
from reservations.requests import Booking, Times
from reservations.rules.categories import category_of
from tests.factories import DESK, NOON, add_category, add_hours, booking, hold, make_venue
from tests.reservations.facts import HOUR, overlaps
from venues import catalogue
from venues.models import Policy, Resource, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


def glance(venue: Venue, **fields: Any) -> Reservation | None:
    wish: Booking = booking(venue, **fields)
    return written(eligibility.judge(records.find_venue(venue.slug), wish, by=DESK))


def written(wish: JudgedBooking) -> Reservation | None:
    ask = wish.ask
    with asking(ask):
        units = candidates.candidates(ask)
    if not units:
        return None
    category = category_of(ask.venue, units[0])
    row = drafts.reservation(wish.booking, wish.details, ask=ask, category=category, now=ask.now)
    alike = [unit for unit in units if unit.category_id == category.pk]
    return hold_statement.write(row, ask, alike)


def unit_of(row: Reservation | None) -> str:
    assert row is not None
    return Allocation.objects.get(reservation=row).resource.name


@pytest.mark.parametrize("confirms_at_once", [True, False])
def test_it_is_what_the_sure_way_would_have_written(confirms_at_once: bool) -> None:
    rules: dict[str, Any] = {
        "confirms_at_once": confirms_at_once,
        "adds_buffers": True,
        "buffer_before": timedelta(minutes=5),
        "buffer_after": timedelta(minutes=10),
        "cancel_fee_percent": 50,
        "cancel_deadline": HOUR,
        "charges_time_used": True,
    }
    venue = make_venue(units=2, **rules)
    wish = booking(venue, vehicle_plate="AB-12", remarks="by the door")
    glanced = written(eligibility.judge(records.find_venue(venue.slug), wish, by=DESK))
    assert glanced is not None
    sure = holds.place_and_write(eligibility.judge(records.find_venue(venue.slug), wish, by=DESK))
    assert facts(glanced) == facts(sure)


def facts(row: Reservation) -> tuple[Any, ...]:
    """All that is written of a reservation, save what names it and its unit."""
    written = Reservation.objects.get(pk=row.pk)
    taken = Allocation.objects.get(reservation=row)
    assert row.just_taken == [taken]
    assert model_to_dict(row) == model_to_dict(written)
    return (
        {k: v for k, v in model_to_dict(written).items() if k not in ("id", "code")},
        written.tariff,
        {
            k: v
            for k, v in model_to_dict(taken).items()
            if k not in ("id", "reservation", "resource")
        },
        list(
            Event.objects.filter(reservation=row).values_list(
                "name", "at", "recorded_at", "by", "by_kind", "data", "is_limited", "dispatched_at"
            )
        ),
    )


def test_every_unit_is_sold_once_and_then_there_is_nothing_at_a_glance() -> None:
    venue = make_venue(units=3)
    sold = [glance(venue) for _ in range(4)]
    assert sorted(unit_of(row) for row in sold[:3]) == ["1", "2", "3"]
    assert sold[3] is None
    assert Reservation.objects.count() == Allocation.objects.count() == 3
    assert list(overlaps()) == []


def test_the_smallest_that_fits_comes_first() -> None:
    venue = make_venue(units=1, capacity=6)
    category = venue.categories.get()
    for name, capacity in (("2", 2), ("3", 4), ("4", 1)):
        Resource.objects.create(venue=venue, category=category, name=name, capacity=capacity)
    assert [unit_of(glance(venue, guest_count=2)) for _ in range(3)] == ["2", "3", "1"]
    assert glance(venue, guest_count=2) is None


def test_where_staff_rank_the_units_rank_comes_first() -> None:
    venue = make_venue(units=3, ranks_units=True)
    for rank, name in enumerate("231"):
        Resource.objects.filter(name=name).update(rank=rank)
    assert [unit_of(glance(venue)) for _ in range(3)] == ["2", "3", "1"]


def test_a_unit_that_is_named_is_locked() -> None:
    venue = make_venue(units=2, unit_choice=Policy.UnitChoice.GUEST)
    second = venue.resources.get(name="2")
    row = glance(venue, resource=second.pk)
    assert unit_of(row) == "2"
    assert Allocation.objects.get().is_locked
    assert glance(venue, resource=second.pk) is None


def test_time_beside_it_is_no_hindrance_and_one_instant_within_is() -> None:
    venue = make_venue()
    hold(venue, NOON, 1)
    assert glance(venue, start=NOON + HOUR, hours=1) is not None
    assert glance(venue, start=NOON - HOUR, hours=1) is not None
    assert glance(venue, start=NOON + 2 * HOUR - timedelta(microseconds=1), hours=1) is None


def test_what_is_retired_is_not_given_out() -> None:
    venue = make_venue(units=2)
    Resource.objects.filter(name="2").update(retired_at=NOON)
    assert unit_of(glance(venue)) == "1"
    assert glance(venue) is None


def test_what_takes_several_units_is_not_for_a_glance() -> None:
    venue = make_venue(units=2, capacity=2)
    assert glance(venue, guest_count=3) is None


def test_of_categories_that_cost_the_same_a_glance_is_at_one() -> None:
    venue = make_venue(units=1)
    rate = venue.rates.get()
    rate.pk, rate.category = None, add_category(venue, "also", units=1)
    rate.save()
    row = glance(venue)
    assert row is not None
    found = {row.category.code, hold(venue).category.code}
    assert found == {"standard", "also"}


@pytest.mark.parametrize("change", ["policy", "closed"])
def test_a_venue_that_changed_since_it_was_read_gets_nothing_at_a_glance(change: str) -> None:
    venue = make_venue(units=2)
    wish = eligibility.judge(records.find_venue(venue.slug), booking(venue), by=DESK)
    if change == "policy":
        Policy.objects.update(notice=timedelta(hours=1))
    else:
        Venue.objects.update(is_active=False)
    assert written(wish) is None
    assert not Reservation.objects.exists()


@pytest.mark.postgres
def test_who_arrived_after_the_statements_snapshot_is_found_under_its_lock(
    frozen: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue = make_venue()
    row = hold(venue)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON + 3 * HOUR)
    # As if the arrival had been committed between the snapshot and the lock.
    blind = "SELECT here.resource_id FROM reservations_allocation AS here WHERE false"
    seeing = hold_statement._WRITE.replace(hold_statement._OCCUPIED, blind)
    monkeypatch.setattr(hold_statement, "_WRITE", seeing)
    with pytest.raises(Occupied):
        hold(venue, times=Times(from_now=True))
    assert venue.reservations.count() == 1


def test_who_is_still_there_is_read_by_an_index() -> None:
    venue = make_venue()
    _have_gone(hold(venue), times=500)
    values: dict[str, Any] = {"venue_id": venue.pk, "created_at": NOON}
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # The plan follows the statistics, so those of this test's rows are taken.
            cursor.execute("ANALYZE reservations_reservation, reservations_allocation")
            explain = "EXPLAIN"
        else:
            values["created_at"] = connection.ops.adapt_datetimefield_value(NOON)
            explain = "EXPLAIN QUERY PLAN"
        cursor.execute(f"{explain} {hold_statement._OCCUPIED}", values)
        plan = str(cursor.fetchall())
    assert "reservation_staying" in plan
    assert "Seq Scan on reservations_reservation" not in plan


def _have_gone(row: Reservation, *, times: int) -> None:
    """Writes further reservations like this one, each a day earlier than the last, all gone."""
    allocation = Allocation.objects.get(reservation=row)
    rows = [Reservation.objects.get(pk=row.pk) for _ in range(times)]
    for back, gone in enumerate(rows, start=1):
        day = timedelta(days=back)
        gone.pk, gone.code = None, f"GONE{back:04}"
        gone.starts_at, gone.ends_at = row.starts_at - day, row.ends_at - day
        gone.checked_in_at, gone.checked_out_at = gone.starts_at, gone.ends_at
    Reservation.objects.bulk_create(rows)
    Allocation.objects.bulk_create(
        Allocation(
            venue_id=allocation.venue_id,
            resource_id=allocation.resource_id,
            reservation=gone,
            starts_at=gone.starts_at,
            ends_at=gone.ends_at,
            is_live=False,
        )
        for gone in rows
    )


@pytest.mark.postgres
def test_a_booking_is_one_statement_and_the_next_after_a_change_is_judged_anew(
    django_assert_num_queries: Any,
) -> None:
    venue = make_venue(units=2)
    catalogue.find(venue.slug)
    with django_assert_num_queries(0):  # the driver's own cursor runs the one there is
        actions.hold(booking=booking(venue), by=DESK)
    Policy.objects.update(confirms_at_once=False, hold_time=timedelta(minutes=7))
    row = hold(venue)
    assert row.hold_expires_at == row.created_at + timedelta(minutes=7)


@pytest.mark.postgres
def test_a_named_unit_that_is_taken_is_refused_by_two_queries_and_no_transaction(
    django_assert_num_queries: Any,
) -> None:
    venue = make_venue(units=2, unit_choice=Policy.UnitChoice.GUEST)
    hold(venue, resource=(unit := venue.resources.get(name="1").pk))
    with django_assert_num_queries(2), pytest.raises(Taken):  # what takes it; the revision
        hold(venue, resource=unit)


@pytest.mark.parametrize("change", ["buffer", "closed", "retired"])
def test_a_refusal_by_a_venue_that_has_changed_since_is_judged_anew(change: str) -> None:
    venue = make_venue(unit_choice=Policy.UnitChoice.GUEST, adds_buffers=True, buffer_before=HOUR)
    hold(venue)
    unit = venue.resources.get().pk
    wish = booking(venue, NOON + 2 * HOUR, resource=unit)
    with pytest.raises(Taken):
        actions.hold(booking=wish, by=DESK)
    if change == "buffer":
        Policy.objects.update(buffer_before=timedelta(0))
        assert actions.hold(booking=wish, by=DESK).starts_at == NOON + 2 * HOUR
        return
    if change == "closed":
        Venue.objects.update(is_active=False)
    else:
        Resource.objects.update(retired_at=NOON)
    with pytest.raises(NotFound):
        actions.hold(booking=wish, by=DESK)


def test_a_lapsed_hold_is_no_hindrance_to_who_books_surely(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = make_venue(confirms_at_once=False, hold_time=timedelta(minutes=5))
    first = hold(venue)
    frozen.tick(timedelta(minutes=5))
    assert unit_of(hold(venue)) == "1"
    first.refresh_from_db()
    assert first.expired_at == first.hold_expires_at


def test_a_venue_that_was_broken_and_is_mended_is_read_anew() -> None:
    venue = make_venue()
    Venue.objects.update(time_zone="Nowhere/At_All")
    with pytest.raises(Closed):
        hold(venue)
    Venue.objects.update(time_zone="UTC")
    assert hold(venue).pk


@pytest.mark.parametrize("way", ["override", "one per day"])
def test_what_can_never_go_the_fast_way_begins_one_transaction(way: str) -> None:
    """FE10: it began five times, since the fast way was tried for what it never does."""
    venue = make_venue(units=3, per_day="replace" if way == "one per day" else "any")
    catalogue.find(venue.slug)
    reason = "regular guest" if way == "override" else ""
    key = Once(caller="desk", key=way, fingerprint="f", render=lambda row: Answer(201, "{}"))
    wish = booking(venue, category="standard", override_reason=reason)
    with CaptureQueriesContext(connection) as seen:
        actions.hold(booking=wish, by=DESK, once=key)
    claims = [one["sql"] for one in seen if one["sql"].startswith("INSERT")]
    assert sum("reservations_storedanswer" in text for text in claims) == 1


@pytest.mark.parametrize("is_named", [True, False])
def test_staff_who_override_book_a_unit_outside_its_hours(is_named: bool) -> None:
    venue = make_venue(units=1, unit_choice="guest")
    add_hours(venue, time(9), time(14))
    unit = venue.resources.get().pk if is_named else None
    late = NOON + 6 * HOUR
    with pytest.raises(Closed):
        actions.hold(booking=booking(venue, late, resource=unit), by=DESK)
    row = actions.hold(
        booking=booking(venue, late, resource=unit, override_reason="party"), by=DESK
    )
    assert row.starts_at == late
