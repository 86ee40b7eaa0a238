"""What is owed, in Python and in SQL: the price and the fees, by what became of the reservation."""

from datetime import date, datetime
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory

from desk.charts import figures
from desk.lots import spots_now
from reservations import actions, clock
from reservations.models import Reservation
from reservations.pricing import owed
from reservations.pricing.owed import owed_expression
from reservations.records import look
from tests.factories import DESK, NOON, hold, make_venue
from tests.reservations.facts import DAY, HOUR, SECOND
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

LIVES = ("held", "expired", "upcoming", "present", "left", "no_show", "cancelled", "late")


LATE = {"cancel_deadline": 2 * HOUR}


def venue_of(*, releases: bool) -> Venue:
    return make_venue(
        units=len(LIVES),
        confirms_at_once=False,
        hold_time=HOUR,
        grace=HOUR,
        releases_no_shows=releases,
        cancel_deadline=2 * HOUR,
        cancel_fee_percent=50,
        early_check_in=9 * DAY,
    )


def live(frozen: FrozenDateTimeFactory, venue: Venue) -> dict[str, Reservation]:
    """A reservation from NOON of each life, as it is at NOON and an hour."""
    rows = {life: hold(venue) for life in LIVES}
    for life in LIVES[2:]:
        actions.confirm(reservation_id=rows[life].pk, by=DESK)
    for life in ("present", "left"):
        actions.check_in(reservation_id=rows[life].pk, by=DESK)
    actions.cancel(reservation_id=rows["cancelled"].pk, by=DESK)
    Reservation.objects.filter(pk=rows["held"].pk).update(hold_expires_at=NOON + DAY)
    # Its arrival is awaited for longer.
    Reservation.objects.filter(pk=rows["upcoming"].pk).update(no_show_at=NOON + DAY)
    frozen.move_to(NOON - SECOND)
    actions.cancel(reservation_id=rows["late"].pk, by=DESK)
    frozen.move_to(NOON + HOUR)
    actions.check_out(reservation_id=rows["left"].pk, by=DESK)
    return {life: look(row.pk, by=DESK) for life, row in rows.items()}


@pytest.mark.parametrize("releases", [True, False])
def test_what_is_owed_follows_from_what_became_of_it(
    frozen: FrozenDateTimeFactory, releases: bool
) -> None:
    rows = live(frozen, venue_of(releases=releases))
    now = clock.now()
    found = {life: owed.owed(row, now) for life, row in rows.items()}
    assert found == {
        "held": 2_000, "expired": 0, "upcoming": 2_000, "present": 2_000, "left": 2_000,
        "no_show": 1_000 if releases else 2_000, "cancelled": 0, "late": 1_000,
    }  # fmt: skip
    every = Reservation.objects.with_status(at=now).annotate(owed=owed_expression())
    assert dict(every.values_list("pk", "owed")) == {
        row.pk: found[life] for life, row in rows.items()
    }


def test_what_is_paid_is_not_due() -> None:
    row = hold(make_venue())
    for paid, due in ((0, 2_000), (500, 1_500), (2_500, 0)):
        row.paid_minor = paid
        assert owed.due(row, NOON - HOUR) == due


@pytest.mark.parametrize(
    ("given", "at", "free_until", "fee_now"),
    [
        ({}, NOON - DAY, None, 0),
        ({"cancel_fee_percent": 100}, NOON - HOUR, NOON, 0),
        (
            {"cancel_fee_percent": 100, "cancel_deadline": 2 * HOUR},
            NOON - HOUR,
            NOON - 2 * HOUR,
            2_000,
        ),
        # Not refundable: it costs from the instant of booking.
        ({"cancel_fee_percent": 50, "cancel_deadline": 9 * DAY}, NOON - DAY, NOON - DAY, 1_000),
    ],
)
@pytest.mark.parametrize("is_held", [True, False])
def test_what_cancelling_costs_is_told_for_this_moment(
    given: dict[str, Any],
    at: datetime,
    free_until: datetime | None,
    fee_now: int,
    is_held: bool,
) -> None:
    row = hold(make_venue(confirms_at_once=not is_held, hold_time=9 * DAY, **given))
    told = owed.cancellation(row, at)
    assert (told.free_until, told.fee_now_minor, told.fee_due_minor) == (free_until, fee_now, 0)


def test_revenue_is_what_is_owed(frozen: FrozenDateTimeFactory) -> None:
    lot = venue_of(releases=True)
    live(frozen, lot)
    day = date(2027, 3, 1)
    revenue = dict(figures.of(lot, day, day, now=clock.now()).sums)["Revenue"]
    # Upcoming, present and left owe the price; the no-show and the late cancelling half of it.
    assert revenue == "EUR 80.00"
    (told,) = spots_now.lots([lot], now=clock.now())
    assert (told.revenue, told.count) == ("EUR 80.00", 4)
