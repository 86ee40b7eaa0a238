"""A change to another category or day asks what is asked there, and never less than was sold."""

import random
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from freezegun.api import FrozenDateTimeFactory

from guests.callers import Caller
from reservations import actions, clock
from reservations.errors import PaymentRequired
from reservations.models import Reservation
from reservations.pricing import due_now
from reservations.pricing.payment_terms import CancelStep, dearest, percent_at
from reservations.requests import Change, Reprice, Times
from tests.admin.browsing import address, browser_of, said, text_of
from tests.effort import examples
from tests.factories import DESK, NOON, add_category, hold, make_venue
from tests.guests.factories import StaffFactory
from tests.payments.cards import fresh, guest_of
from tests.reservations.facts import DAY, guest
from tests.web.browsing import form_of, text
from venues.models import PaymentTerm, Rate, TaxRule, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

FIRST = NOON.date() + timedelta(days=30)
SEASON = FIRST + timedelta(days=60)


@pytest.fixture
def hotel() -> Venue:
    """A night is 10.00, in a suite too; the suite and a season are asked for otherwise."""
    made = make_venue("hotel", units=3, notice=timedelta(0), cancel_fee_percent=40)
    suite = add_category(made, "suite", units=2)
    Rate.objects.create(venue=made, category=suite, unit=Rate.Unit.NIGHT, amount_minor=1_000)
    return made


def asks(venue: Venue, kind: str, **fields: Any) -> None:
    if code := fields.pop("code", ""):
        fields["category"] = venue.categories.get(code=code)
    if fields.pop("in_season", False):
        fields |= {"first_date": SEASON, "last_date": SEASON + timedelta(days=20)}
    PaymentTerm.objects.create(venue=venue, kind=kind, **fields)


def nights(first: date = FIRST, count: int = 2) -> Times:
    return Times(check_in=first, check_out=first + timedelta(days=count))


def change(row: Reservation, by: Caller | None = None, **wish: Any) -> Reservation:
    return actions.modify(
        reservation_id=row.pk, change=Change(accept_fee=True, **wish), by=by or guest_of(row)
    )


CASES: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[int, bool]]] = {
    "another category, prepaid": (
        {"kind": "prepayment", "code": "suite"}, {"category": "suite"}, (2_000, False),
    ),
    "another category, a deposit": (
        {"kind": "deposit", "percent": 30, "code": "suite"}, {"category": "suite"}, (600, False),
    ),
    "another category, a card": (
        {"kind": "guarantee", "code": "suite"}, {"category": "suite"}, (0, True),
    ),
    "another day, prepaid": (
        {"kind": "prepayment", "in_season": True}, {"times": nights(SEASON)}, (2_000, False),
    ),
    "more nights and another category": (
        {"kind": "deposit", "percent": 50, "code": "suite"},
        {"times": nights(count=4), "category": "suite"},
        (2_000, False),
    ),
    "the same category, longer": (
        {"kind": "prepayment", "code": "suite"}, {"times": nights(count=3)}, (0, False),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("is_confirmed", [False, True], ids=["held", "confirmed"])
def test_what_is_asked_there_is_asked(hotel: Venue, name: str, is_confirmed: bool) -> None:
    terms, wish, (due, needs_card) = CASES[name]
    asks(hotel, **terms)
    row = hold(hotel, times=nights(), by=guest())
    if is_confirmed:
        actions.confirm(reservation_id=row.pk, by=guest_of(row))
    assert due_now.minor(fresh(row), clock.now()) == 0
    after = change(row, **wish)
    assert (due_now.minor(after, clock.now()), due_now.needs_guarantee(after)) == (due, needs_card)
    if not is_confirmed and (due or needs_card):
        with pytest.raises(PaymentRequired):
            actions.confirm(reservation_id=row.pk, by=guest_of(row))


def test_terms_that_the_venue_changed_since_do_not_reach_what_stays_there(hotel: Venue) -> None:
    row = hold(hotel, times=nights(), by=guest())
    asks(hotel, "prepayment")
    assert due_now.minor(change(row, guest_count=2), clock.now()) == 0
    assert due_now.minor(change(row, times=nights(count=3)), clock.now()) == 0
    assert due_now.minor(change(row, times=nights(FIRST + DAY, 3)), clock.now()) == 3_000


def test_what_was_asked_stays_where_less_is_asked(hotel: Venue) -> None:
    asks(hotel, "deposit", percent=50)
    asks(hotel, "none", code="suite")
    row = hold(hotel, times=nights(), by=guest())
    assert due_now.minor(change(row, category="suite"), clock.now()) == 1_000


def test_from_prepaid_to_free_never_asks_more(hotel: Venue) -> None:
    asks(hotel, "prepayment", code="suite")
    row = hold(hotel, times=nights(), category="suite", by=guest())
    asked = row.due_now_minor
    longer = change(row, category="standard", times=nights(count=9))
    assert longer.price_minor > due_now.minor(longer, clock.now()) == asked == 2_000
    assert due_now.minor(change(row, times=nights(count=12)), clock.now()) == asked
    back = change(row, category="suite")
    assert due_now.minor(back, clock.now()) == back.price_minor


def test_staff_keep_the_terms_with_the_price(hotel: Venue) -> None:
    asks(hotel, "prepayment", code="suite")
    row = hold(hotel, times=nights(), by=guest())
    wish = {"category": "suite", "reprice": Reprice.KEEP, "reason": "an upgrade"}
    assert due_now.minor(change(row, DESK, **wish), clock.now()) == 0


def test_what_staff_have_set_aside_is_asked_again_only_where_more_is_asked(hotel: Venue) -> None:
    asks(hotel, "deposit", percent=20)
    asks(hotel, "prepayment", code="suite")
    row = hold(hotel, times=nights(), by=guest())
    staff = Caller(kind="staff", name="user:9", venue_ids=frozenset([hotel.pk]))
    actions.confirm(reservation_id=row.pk, override_reason="a regular", by=staff)
    assert due_now.minor(change(row, times=nights(FIRST + DAY)), clock.now()) == 0
    assert due_now.minor(change(row, category="suite"), clock.now()) == 2_000


def test_steps_of_cancelling_come_with_the_season(
    hotel: Venue, frozen: FrozenDateTimeFactory
) -> None:
    steps = [{"days_before": 60, "percent": 30}, {"days_before": 10, "percent": 100}]
    asks(hotel, "none", in_season=True, steps=steps)
    row = hold(hotel, times=nights(), by=guest())
    actions.confirm(reservation_id=row.pk, by=guest_of(row))
    after = change(row, times=nights(SEASON))
    assert after.starts_at - (after.cancel_free_until or after.starts_at) == 60 * DAY
    frozen.move_to(after.starts_at - 5 * DAY)
    assert actions.cancel(reservation_id=row.pk, by=guest_of(row)).fee_due_minor == 2_000


def test_the_page_says_what_is_to_be_paid_now(hotel: Venue, client: Client) -> None:
    asks(hotel, "prepayment", in_season=True)
    row = hold(hotel, times=nights(), by=guest())
    client.post("/reservations/find/", {"code": row.code, "phone": row.phone})
    form = form_of(client.get(f"/reservations/{row.code}/change/"), "version")
    days = {"check_in": f"{SEASON}", "check_out": f"{SEASON + 2 * DAY}"}
    page = text(client.post(f"/reservations/{row.code}/change/", form | days))
    assert "To be paid now: <strong>€20.00</strong>" in page


def test_the_page_says_that_a_card_is_asked_for(hotel: Venue, client: Client) -> None:
    asks(hotel, "guarantee", in_season=True)
    row = hold(hotel, times=nights(), by=guest())
    client.post("/reservations/find/", {"code": row.code, "phone": row.phone})
    form = form_of(client.get(f"/reservations/{row.code}/change/"), "version")
    days = {"check_in": f"{SEASON}", "check_out": f"{SEASON + 2 * DAY}"}
    page = text(client.post(f"/reservations/{row.code}/change/", form | days))
    assert "We ask for your card as a guarantee." in page


def test_the_page_shows_a_price_that_other_ages_alone_change(hotel: Venue, client: Client) -> None:
    TaxRule.objects.create(
        venue=hotel, code="city", name="City tax", basis="person_night", amount_minor=200,
        from_age=12,
    )  # fmt: skip
    row = hold(hotel, times=nights(), guest_count=3, children=(4,), by=guest())
    client.post("/reservations/find/", {"code": row.code, "phone": row.phone})
    form = form_of(client.get(f"/reservations/{row.code}/change/"), "version")
    page = text(client.post(f"/reservations/{row.code}/change/", form | {"children": "14"}))
    assert "The price becomes <strong>€32.00</strong>; it was €28.00." in page
    assert fresh(row).children == [4]


def test_the_desk_is_told_what_is_to_be_paid_now(hotel: Venue) -> None:
    asks(hotel, "prepayment", in_season=True)
    row = hold(hotel, times=nights(), by=guest())
    browser = browser_of(StaffFactory.create(staff_venues=[hotel]))
    page = address("modify", row)
    days = {"check_in": f"{SEASON}", "check_out": f"{SEASON + 2 * DAY}"}
    sent = form_of(browser.get(page), "version") | days
    answer = text_of(browser.post(page, sent, follow=True))
    assert f"{row.code} is changed. To be paid now: EUR 20.00." in said(answer)


def random_steps(chance: random.Random) -> tuple[CancelStep, ...]:
    days = sorted(chance.sample(range(90), chance.randrange(1, 4)), reverse=True)
    percents = sorted(chance.sample(range(101), len(days)))
    return tuple(CancelStep(n * DAY, percent) for n, percent in zip(days, percents, strict=True))


@pytest.mark.parametrize("seed", range(examples(200)))
def test_merged_steps_cost_at_each_moment_what_the_dearer_costs(seed: int) -> None:
    chance = random.Random(seed)
    one, two = random_steps(chance), random_steps(chance)
    merged = dearest(one, two)
    for hours in range(0, 95 * 24, 7):
        now = NOON - timedelta(hours=hours)
        expected = max(percent_at(one, NOON, now), percent_at(two, NOON, now))
        assert percent_at(merged, NOON, now) == expected
