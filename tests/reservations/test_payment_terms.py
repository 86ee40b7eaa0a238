"""What is asked before confirming: which terms count, that they stay as sold, and what is due."""

import random
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from freezegun.api import FrozenDateTimeFactory

from reservations import actions
from reservations.errors import PaymentRequired
from reservations.lifecycle import cancellations
from reservations.models import Reservation
from reservations.pricing import due_now, owed
from reservations.pricing.payment_terms import AskedTerms, chosen
from reservations.records import look
from reservations.requests import Booking, Change, Contact, Times
from reservations.status import Status
from tests.effort import examples
from tests.factories import DESK, NOON, add_category, hold, make_venue
from tests.reservations.facts import DAY, guest
from venues.models import PaymentTerm, Rate, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

FIRST = NOON.date() + timedelta(days=30)


def nights(count: int = 2, first: date = FIRST) -> Times:
    return Times(check_in=first, check_out=first + timedelta(days=count))


def term(venue: Venue, kind: str = "deposit", **fields: Any) -> PaymentTerm:
    row = PaymentTerm(venue=venue, kind=kind, **fields)
    row.full_clean()
    row.save()
    return row


@pytest.fixture
def hotel() -> Venue:
    """A night is 10.00."""
    return make_venue("hotel", units=5, notice=timedelta(0), cancel_fee_percent=40)


def test_the_narrowest_terms_count(hotel: Venue) -> None:
    suite = add_category(hotel, "suite")
    year: dict[str, Any] = {"first_date": date(2027, 1, 1), "last_date": date(2027, 12, 31)}
    month: dict[str, Any] = {"first_date": date(2027, 7, 1), "last_date": date(2027, 7, 31)}
    every = [
        term(hotel, percent=10),
        term(hotel, percent=20, **year),
        term(hotel, percent=21, **month),
        term(hotel, percent=30, category=suite),
        term(hotel, percent=40, category=suite, **month),
    ]
    standard = hotel.categories.get(code="standard")
    found = [
        chosen(hotel, category.pk, day)
        for category, day in (
            (standard, date(2028, 1, 1)),
            (standard, date(2027, 1, 1)),
            (standard, date(2027, 7, 31)),
            (suite, date(2027, 8, 1)),
            (suite, date(2027, 7, 31)),
        )
    ]
    assert found == every


def test_terms_are_refused_at_saving_that_cannot_be(hotel: Venue) -> None:
    term(hotel, percent=10)
    other = make_venue("hotel").categories.get()
    wrong: list[dict[str, Any]] = [
        {"percent": 101, "first_date": FIRST},
        {"percent": 0, "first_date": FIRST},
        {"first_date": FIRST},
        {"percent": 10, "amount_minor": 10, "first_date": FIRST},
        {"kind": "prepayment", "percent": 10, "first_date": FIRST},
        {"percent": 10, "first_date": FIRST, "last_date": FIRST - timedelta(days=1)},
        {"percent": 10, "category": other},
        {"percent": 20},
        {"percent": 10, "first_date": FIRST, "steps": [{"days_before": 1}]},
        {"percent": 10, "first_date": FIRST, "steps": [{"days_before": 1, "percent": 101}]},
        {"percent": 10, "first_date": FIRST, "steps": [
            {"days_before": 1, "percent": 50}, {"days_before": 2, "percent": 60}]},
        {"percent": 10, "first_date": FIRST, "steps": [
            {"days_before": 2, "percent": 60}, {"days_before": 1, "percent": 50}]},
    ]  # fmt: skip
    for fields in wrong:
        with pytest.raises(ValidationError):
            term(hotel, **fields)
    for fields in wrong[:5]:
        with pytest.raises(IntegrityError), transaction.atomic():
            PaymentTerm.objects.create(venue=hotel, **{"kind": "deposit", **fields})


@pytest.mark.parametrize(
    ("kind", "fields", "price", "expected"),
    [
        ("none", {}, 1_000, 0),
        ("deposit", {"percent": 30}, 1_000, 300),
        ("deposit", {"percent": 50}, 333, 167),
        ("deposit", {"percent": 100}, 333, 333),
        ("deposit", {"amount_minor": 500}, 1_000, 500),
        ("deposit", {"amount_minor": 5_000}, 1_000, 1_000),
        ("prepayment", {}, 1_000, 1_000),
        ("guarantee", {}, 1_000, 0),
        ("deposit", {"percent": 30}, 0, 0),
    ],
    ids=str,
)
def test_what_is_asked_of_a_price(
    kind: str, fields: dict[str, int], price: int, expected: int
) -> None:
    assert AskedTerms(kind, **fields).due_now(price) == expected


def test_what_is_asked_is_copied_and_a_later_policy_changes_nothing_sold(hotel: Venue) -> None:
    term(hotel, percent=30, steps=[{"days_before": 14, "percent": 50}])
    row = hold(hotel, times=nights())
    assert (row.due_now_minor, row.cancel_fee_minor) == (600, 1_000)
    hotel.payment_terms.all().delete()
    term(hotel, "prepayment")
    longer = actions.modify(reservation_id=row.pk, change=Change(times=nights(3)), by=DESK)
    assert longer.due_now_minor == 900
    assert longer.cancel_fee_minor == 1_500
    assert longer.cancel_free_until == longer.starts_at - 14 * DAY


def test_a_card_is_asked_for_and_nothing_is_due(hotel: Venue) -> None:
    term(hotel, "guarantee")
    row = hold(hotel, times=nights())
    assert due_now.needs_guarantee(row) and not due_now.minor(row, NOON)
    row.guaranteed_at = NOON
    assert not due_now.needs_guarantee(row)


def test_a_venue_that_confirms_at_once_holds_what_must_be_paid_first() -> None:
    lot = make_venue("parking", units=3)
    term(lot, "prepayment")
    by = guest()
    row = hold(lot, by=by)
    assert row.status_at(NOON - DAY) is Status.HELD
    with pytest.raises(PaymentRequired):
        actions.confirm(reservation_id=row.pk, by=by)


def test_groups_and_walk_ins_have_the_terms_and_a_walk_in_pays_at_the_desk(
    frozen: FrozenDateTimeFactory, hotel: Venue
) -> None:
    term(hotel, percent=30)
    wish = Booking(
        venue=hotel.slug,
        times=nights(),
        contact=Contact(first_name="Ada", last_name="L", phone="+31201234567"),
        guest_count=1,
    )
    made = actions.hold_group(bookings=[wish, wish], by=DESK)
    assert [row.due_now_minor for row in made] == [600, 600]
    frozen.move_to(NOON)
    here = actions.walk_in(
        booking=Booking(
            venue=hotel.slug,
            times=Times(),
            contact=wish.contact,
            guest_count=1,
            is_walk_in=True,
        ),
        by=DESK,
    )
    assert (here.due_now_minor, here.status_at(NOON)) == (0, Status.PRESENT)


def test_fee_steps_rise_toward_the_start(frozen: FrozenDateTimeFactory, hotel: Venue) -> None:
    steps = [
        {"days_before": 14, "percent": 20},
        {"days_before": 7, "percent": 50},
        {"days_before": 0.125, "percent": 100},
    ]
    term(hotel, "none", steps=steps)
    row = hold(hotel, times=nights())
    row = actions.confirm(reservation_id=row.pk, by=DESK)
    start = row.starts_at
    told = owed.cancellation(row, NOON)
    assert told.steps == (
        (start - 14 * DAY, 400),
        (start - 7 * DAY, 1_000),
        (start - timedelta(hours=3), 2_000),
    )
    second = timedelta(seconds=1)
    for at, before, after in (
        (start - 14 * DAY, 0, 400),
        (start - 7 * DAY, 400, 1_000),
        (start - timedelta(hours=3), 1_000, 2_000),
    ):
        fees = [cancellations.fee_minor(row, moment) for moment in (at, at + second)]
        assert fees == [before, after]
    frozen.move_to(start - 3 * DAY)
    assert actions.cancel(reservation_id=row.pk, by=DESK).fee_due_minor == 1_000


def test_a_late_change_owes_the_fee_of_its_step(
    frozen: FrozenDateTimeFactory, hotel: Venue
) -> None:
    steps = [{"days_before": 14, "percent": 20}, {"days_before": 7, "percent": 50}]
    term(hotel, "none", steps=steps)
    row = hold(hotel, times=nights(3))
    actions.confirm(reservation_id=row.pk, by=DESK)
    frozen.move_to(row.starts_at - 10 * DAY)
    change = Change(times=nights(2), accept_fee=True)
    assert actions.modify(reservation_id=row.pk, change=change, by=DESK).fee_due_minor == 200


def test_what_is_non_refundable_costs_from_the_moment_of_booking(hotel: Venue) -> None:
    term(hotel, "prepayment", steps=[{"days_before": None, "percent": 100}])
    row = hold(hotel, times=nights())
    told = owed.cancellation(row, NOON - DAY)
    assert (told.free_until, told.fee_minor) == (row.created_at, 2_000)
    assert told.fee_now_minor == 2_000


@pytest.mark.parametrize("seed", range(examples(40)))
def test_what_is_due_now_is_never_negative_and_never_more_than_is_due(
    frozen: FrozenDateTimeFactory, seed: int
) -> None:
    chance = random.Random(seed)
    venue = make_venue("hotel", units=3, notice=timedelta(0), cancel_fee_percent=50)
    venue.rates.update(amount_minor=chance.randrange(1, 99_999))
    percent = chance.randrange(1, 101)
    term(venue, percent=percent)
    row = hold(venue, times=nights(chance.randrange(1, 5)))
    for _ in range(8):
        match chance.randrange(5):
            case 0:
                change = Change(times=nights(chance.randrange(1, 6)), accept_fee=True)
                row = actions.modify(reservation_id=row.pk, change=change, by=DESK)
            case 1:
                amount = chance.randrange(0, 200_000)
                row = actions.adjust_price(
                    reservation_id=row.pk, amount_minor=amount, reason="x", by=DESK
                )
            case 2:
                paid = chance.randrange(0, max(1, row.price_minor * 2))
                Reservation.objects.filter(pk=row.pk).update(paid_minor=paid)
            case 3:
                Rate.objects.filter(venue=venue).update(amount_minor=chance.randrange(1, 99_999))
                Venue.objects.filter(pk=venue.pk).update(city="other")
            case _:
                venue.payment_terms.update(percent=chance.randrange(1, 101))
        row = look(row.pk, by=DESK)
        now = NOON
        left = due_now.minor(row, now)
        asked = (row.price_minor * percent * 2 + 100) // 200
        assert row.due_now_minor == asked
        assert left == max(0, min(asked - row.paid_minor, owed.due(row, now)))
        assert 0 <= left <= owed.due(row, now)
    assert due_now.minor(actions.cancel(reservation_id=row.pk, by=DESK), NOON) == 0


def test_what_staff_have_set_aside_stays_so(hotel: Venue) -> None:
    term(hotel, percent=30)
    row = hold(hotel, times=nights())
    confirmed = actions.confirm(reservation_id=row.pk, by=DESK)
    Reservation.objects.filter(pk=confirmed.pk).update(due_now_minor=0)
    longer = actions.modify(reservation_id=row.pk, change=Change(times=nights(4)), by=DESK)
    assert longer.due_now_minor == 0
