"""At the desk managers set a price and waive a fee, and an early departure costs what is said."""

import pytest
from django.test import Client
from freezegun.api import FrozenDateTimeFactory

from reservations import actions
from reservations.models import Reservation
from tests.admin.browsing import address, browser_of, text_of
from tests.factories import DESK, NOON, hold, make_venue
from tests.guests.factories import StaffFactory
from tests.reservations.facts import DAY, HOUR
from venues.models import Rate, Venue

pytestmark = pytest.mark.django_db


@pytest.fixture
def lot(frozen: FrozenDateTimeFactory) -> Venue:
    return make_venue(cancel_deadline=2 * DAY, cancel_fee_percent=50)


@pytest.fixture
def manager(lot: Venue) -> Client:
    return browser_of(StaffFactory.create(staff_venues=[lot]))


@pytest.fixture
def clerk(lot: Venue) -> Client:
    return browser_of(StaffFactory.create(clerk_at=[lot]))


def send(browser: Client, verb: str, row: Reservation, **values: str) -> Reservation:
    browser.post(address(verb, row), {**values, "for_venue": str(row.venue_id)})
    return Reservation.objects.get(pk=row.pk)


def page_of(browser: Client, row: Reservation) -> str:
    return text_of(browser.get(address("change", row)))


def test_a_manager_sets_the_price(manager: Client, lot: Venue) -> None:
    row = hold(lot)
    assert address("adjust_price", row) in page_of(manager, row)
    assert send(manager, "adjust_price", row, amount="7.50").price_minor == 2_000
    assert send(manager, "adjust_price", row, amount="7.505", reason="x").price_minor == 2_000
    assert send(manager, "adjust_price", row, amount="7.50", reason="A friend").price_minor == 750


def test_a_manager_waives_the_fee(
    manager: Client, lot: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = hold(lot)
    frozen.move_to(NOON - HOUR)
    assert "Cancelling costs now" in page_of(manager, row)
    actions.cancel(reservation_id=row.pk, by=DESK)
    page = page_of(manager, row)
    assert address("waive_fee", row) in page and "EUR 10.00" in page
    assert send(manager, "waive_fee", row, reason="A storm").fee_due_minor == 0
    assert address("waive_fee", row) not in page_of(manager, row)


def test_a_clerk_is_not_offered_what_only_managers_do(clerk: Client, lot: Venue) -> None:
    row = hold(lot)
    assert address("adjust_price", row) not in page_of(clerk, row)
    assert send(clerk, "adjust_price", row, amount="1.00", reason="Mine").price_minor == 2_000


@pytest.mark.parametrize(
    ("charge", "amount", "price"),
    [("all", "", 2_000), ("used", "", 500), ("amount", "3.00", 300), ("amount", "", None)],
)
def test_a_clerk_says_what_an_early_departure_costs(
    clerk: Client,
    lot: Venue,
    frozen: FrozenDateTimeFactory,
    charge: str,
    amount: str,
    price: int | None,
) -> None:
    row = hold(lot)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON + HOUR / 2)
    form = text_of(clerk.get(address("check_out_early", row)))
    assert "all that was sold: EUR 20.00" in form and "the time used: EUR 5.00" in form
    left = send(clerk, "check_out_early", row, charge=charge, amount=amount, reason="Ill")
    assert (left.checked_out_at is not None) is (price is not None)
    assert left.price_minor == (2_000 if price is None else price)


def test_a_late_change_asks_the_clerk_about_the_fee(
    clerk: Client, lot: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = hold(lot)
    frozen.move_to(NOON - HOUR)
    form = clerk.get(address("modify", row)).context["adminform"].form
    values = {name: form.initial.get(name, "") for name in form.fields}
    assert {"late_fee", "reprice", "reason"} <= values.keys()
    refused = clerk.post(
        address("move", row),
        {"version": row.version, "start": "2027-03-01T18:00", "for_venue": lot.pk},
    )
    assert "The fee is EUR 10.00" in text_of(refused)


def test_rates_that_contradict_each_other_are_not_saved(manager: Client, lot: Venue) -> None:
    category, (rate,) = lot.categories.get(), lot.rates.all()
    path = f"/admin/venues/category/{category.pk}/change/"
    form = manager.get(path).context["inline_admin_formsets"][0].formset
    sent = {f"{form.prefix}-{name}": value for name, value in form.management_form.initial.items()}
    sent |= {f"{form.prefix}-TOTAL_FORMS": 2, "name": "Spot", "code": category.code, "position": 0}
    for number, (key, unit) in enumerate(((rate.pk, "hour"), ("", "flat"))):
        row = {"id": key, "category": category.pk, "unit": unit, "amount": "3.00"}
        sent |= {f"{form.prefix}-{number}-{name}": value for name, value in row.items()}
    assert "price of a whole stay" in text_of(manager.post(path, sent))
    assert Rate.objects.count() == 1
    sent |= {f"{form.prefix}-1-from_time": "18:00", f"{form.prefix}-1-to_time": "08:00"}
    assert manager.post(path, sent).status_code == 302
    assert Rate.objects.count() == 2
