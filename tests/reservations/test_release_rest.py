"""What a no-show still holds is given to others, and the desk says what is charged for it."""

from datetime import date, datetime, timedelta

import pytest
from freezegun.api import FrozenDateTimeFactory

from reservations import actions, clock, sweeps
from reservations.corrections.rest_releases import Release, RestCharge
from reservations.errors import Forbidden, Invalid, Taken, WrongStatus
from reservations.models import Event, Reservation
from reservations.pricing import owed
from reservations.requests import Times
from reservations.status import Status
from tests.factories import DESK, NOON, hold, make_venue
from tests.reservations.facts import DAY, HOUR, guest, overlaps, status, told
from venues.models import Rate, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

MONDAY = NOON.date()


@pytest.fixture
def hotel() -> Venue:
    return make_venue("hotel", notice=0 * HOUR, cancel_fee_percent=50, grace=12 * HOUR)


def missed(hotel: Venue, frozen: FrozenDateTimeFactory, at: datetime) -> Reservation:
    """Five nights from Monday for 50.00, of whom nobody came."""
    row = hold(hotel, times=nights(0, 5))
    actions.confirm(reservation_id=row.pk, by=DESK)
    frozen.move_to(at)
    sweeps.mark_no_shows()
    return row


def nights(first: int, last: int) -> Times:
    return Times(check_in=MONDAY + first * DAY, check_out=MONDAY + last * DAY)


def release(
    row: Reservation,
    since: date | datetime | None = None,
    charge: RestCharge = RestCharge.NOTHING,
    reason: str = "They called",
) -> Reservation:
    wish = Release(since=since, charge=charge, reason=reason)
    return actions.release_rest(reservation_id=row.pk, release=wish, by=DESK)


@pytest.mark.parametrize(
    ("charge", "price", "fee"),
    [(RestCharge.NOTHING, 2_000, 0), (RestCharge.FEE, 2_000, 1_500), (RestCharge.ALL, 5_000, 0)],
)
def test_the_nights_are_free_and_what_is_charged_is_said(
    hotel: Venue, frozen: FrozenDateTimeFactory, charge: RestCharge, price: int, fee: int
) -> None:
    row = missed(hotel, frozen, NOON + 2 * DAY)
    with pytest.raises(Taken):
        hold(hotel, times=nights(2, 5))
    after = release(row, MONDAY + 2 * DAY, charge)
    assert (after.price_minor, after.fee_due_minor) == (price, fee)
    assert status(row, NOON + 2 * DAY) is Status.NO_SHOW
    assert hold(hotel, times=nights(2, 5)).pk
    assert list(overlaps()) == []


def test_from_the_first_night_nothing_is_kept(hotel: Venue, frozen: FrozenDateTimeFactory) -> None:
    row = missed(hotel, frozen, NOON + DAY)
    assert release(row, MONDAY).price_minor == 0
    assert not row.allocations.filter(is_live=True).exists()


@pytest.mark.parametrize(
    ("at", "first_free"),
    [
        (NOON + DAY, 1),
        (NOON + DAY + 11 * HOUR, 1),
        (NOON + DAY + 15 * HOUR, 1),
        (NOON + 4 * DAY, 4),
    ],
)
def test_by_default_tonight_is_the_first_night_that_is_free(
    hotel: Venue, frozen: FrozenDateTimeFactory, at: datetime, first_free: int
) -> None:
    row = missed(hotel, frozen, at)
    assert release(row).price_minor == first_free * 1_000


def test_a_later_night_can_be_the_first_that_is_free(
    hotel: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = missed(hotel, frozen, NOON + DAY)
    release(row, MONDAY + 3 * DAY)
    with pytest.raises(Taken):
        hold(hotel, times=nights(2, 3))
    assert hold(hotel, times=nights(3, 5)).pk
    back = actions.reinstate(reservation_id=hold_of(row), reason="They came", by=DESK)
    assert back.pk == row.pk


def hold_of(row: Reservation) -> int:
    """The id of a reservation, once nobody else has its time."""
    for other in Reservation.objects.exclude(pk=row.pk):
        actions.cancel(reservation_id=other.pk, by=DESK)
    return row.pk


def test_reinstating_takes_time_and_price_again(
    hotel: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = missed(hotel, frozen, NOON + DAY)
    release(row, MONDAY + DAY, RestCharge.FEE)
    back = actions.reinstate(reservation_id=row.pk, reason="They came", by=DESK)
    assert (back.price_minor, back.fee_due_minor, back.cancel_fee_minor) == (5_000, 0, 2_500)
    with pytest.raises(Taken):
        hold(hotel, times=nights(2, 3))
    assert actions.check_in(reservation_id=row.pk, by=DESK).checked_in_at
    assert told(row)[-3:] == ["rest_released", "reinstated", "checked_in"]
    assert list(overlaps()) == []


def test_elsewhere_it_is_an_instant(frozen: FrozenDateTimeFactory) -> None:
    lot = make_venue(confirms_at_once=True, grace=HOUR, releases_no_shows=False)
    row = hold(lot, hours=6)
    frozen.move_to(NOON + 2 * HOUR)
    with pytest.raises(Invalid):
        release(row, MONDAY)
    assert release(row).price_minor == 2_000
    assert hold(lot, NOON + 2 * HOUR, 1).pk


def test_what_the_policy_released_can_still_be_charged_for(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = make_venue(
        "restaurant", confirms_at_once=True, step=None, grace=HOUR, releases_no_shows=True
    )
    row = hold(venue)
    frozen.move_to(NOON + 3 * HOUR)
    with pytest.raises(Invalid):
        release(row)
    assert release(row, NOON).price_minor == 0


@pytest.mark.parametrize("since", [MONDAY - DAY, MONDAY + 5 * DAY, NOON - DAY])
def test_a_night_of_another_stay_is_refused(
    hotel: Venue, frozen: FrozenDateTimeFactory, since: date
) -> None:
    row = missed(hotel, frozen, NOON + DAY)
    with pytest.raises(Invalid) as caught:
        release(row, since)
    assert caught.value.field == "from"


def test_only_a_no_show_can_be_released(hotel: Venue, frozen: FrozenDateTimeFactory) -> None:
    row = hold(hotel, times=nights(0, 2))
    with pytest.raises(WrongStatus):
        release(row)
    actions.cancel(reservation_id=row.pk, by=DESK)
    with pytest.raises(WrongStatus):
        release(row)


def test_repeating_it_changes_nothing_and_another_release_is_refused(
    hotel: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = missed(hotel, frozen, NOON + DAY)
    version = release(row, MONDAY + DAY, RestCharge.FEE).version
    assert release(row, MONDAY + DAY, RestCharge.FEE).version == version
    for since, charge in ((MONDAY + 2 * DAY, RestCharge.FEE), (MONDAY + DAY, RestCharge.ALL)):
        with pytest.raises(WrongStatus):
            release(row, since, charge)


def test_guests_may_not_and_a_reason_is_required(
    hotel: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = missed(hotel, frozen, NOON + DAY)
    with pytest.raises(Invalid):
        release(row, reason=" ")
    by = guest()
    Reservation.objects.update(guest=by.user_id)
    wish = Release(charge=RestCharge.NOTHING, reason="x")
    with pytest.raises(Forbidden):
        actions.release_rest(reservation_id=row.pk, release=wish, by=by)


def test_it_says_what_differs_and_why(hotel: Venue, frozen: FrozenDateTimeFactory) -> None:
    row = missed(hotel, frozen, NOON + DAY)
    release(row, MONDAY + DAY, RestCharge.FEE)
    data = Event.objects.get(name="reservation.rest_released").data
    assert data["changed"] == {
        "price_minor": {"from": 5_000, "to": 1_000},
        "cancel_fee_minor": {"from": 2_500, "to": 500},
        "fee_due_minor": {"from": 0, "to": 2_000},
    }
    assert (data["charge"], data["fee_minor"], data["reason"]) == ("fee", 2_000, "They called")
    assert datetime.fromisoformat(data["released_from"]).date() == MONDAY + timedelta(days=1)


def missed_where_time_is_given_away(frozen: FrozenDateTimeFactory) -> Reservation:
    """Two hours for 20.00, half of it for cancelling. After an hour others may have the second."""
    venue = make_venue(
        "restaurant",
        releases_no_shows=True,
        grace=HOUR,
        cancel_fee_percent=50,
        cancel_deadline=HOUR,
        step=None,
        confirms_at_once=True,
    )
    venue.rates.update(unit=Rate.Unit.HOUR, amount_minor=1_000)
    row = hold(venue)
    frozen.move_to(NOON + HOUR)
    return row


def owed_by(row: Reservation) -> int:
    now = clock.now()
    found = Reservation.objects.filter(pk=row.pk).with_status(at=now)
    (by_sql,) = found.annotate(owed=owed.owed_expression()).values_list("owed", flat=True)
    row.refresh_from_db()
    assert owed.owed(row, now) == by_sql
    return int(by_sql)


@pytest.mark.parametrize(
    ("charge", "amount"),
    [(RestCharge.NOTHING, 500), (RestCharge.FEE, 1_000), (RestCharge.ALL, 2_000)],
)
def test_what_is_charged_is_owed_where_the_policy_gives_the_time_away_too(
    frozen: FrozenDateTimeFactory, charge: RestCharge, amount: int
) -> None:
    row = missed_where_time_is_given_away(frozen)
    assert owed_by(row) == 1_000
    release(row, charge=charge)
    assert owed_by(row) == amount


def test_all_that_is_charged_follows_another_price_and_can_be_waived(
    frozen: FrozenDateTimeFactory,
) -> None:
    row = missed_where_time_is_given_away(frozen)
    release(row, charge=RestCharge.ALL)
    actions.adjust_price(reservation_id=row.pk, amount_minor=1_200, reason="Agreed", by=DESK)
    assert owed_by(row) == 1_200
    actions.waive_fee(reservation_id=row.pk, reason="Kind", by=DESK)
    assert owed_by(row) == 0


def test_reinstated_after_all_was_charged_a_no_show_owes_the_fee_again(
    frozen: FrozenDateTimeFactory,
) -> None:
    row = missed_where_time_is_given_away(frozen)
    release(row, charge=RestCharge.ALL)
    actions.reinstate(reservation_id=row.pk, reason="They come", by=DESK)
    assert owed_by(row) == 2_000
    frozen.move_to(row.ends_at)
    assert owed_by(row) == 1_000


def test_who_comes_after_all_was_charged_owes_it_once(frozen: FrozenDateTimeFactory) -> None:
    row = missed_where_time_is_given_away(frozen)
    release(row, charge=RestCharge.ALL)
    actions.check_in(reservation_id=row.pk, by=DESK)
    assert owed_by(row) == 2_000
