"""Lots in the admin: kept by the engine's verbs alone, and told spot by spot."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from freezegun.api import FrozenDateTimeFactory

from reservations import actions
from reservations.models import Event
from tests.admin.browsing import browser_of, fault_beside, said, text_of
from tests.factories import DESK, NOON, hold, make_venue
from tests.guests.factories import StaffFactory
from venues.models import Rate, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

LOTS = "/admin/lots/"
WISH = {"name": "North", "address": "Kade 1", "capacity": 3, "price": "2.50", "currency": "EUR",
        "time_zone": "Europe/Amsterdam"}  # fmt: skip


@pytest.fixture
def lot(db: None) -> Venue:
    made = make_venue("parking", units=3)
    Venue.objects.filter(pk=made.pk).update(name="South")
    return Venue.objects.get(pk=made.pk)


@pytest.fixture
def attendant(lot: Venue) -> Client:
    return browser_of(StaffFactory.create(email="lot@example.com", staff_venues=[lot]))


def keep(browser: Client, lot: Venue, **wish: Any) -> str:
    as_it_is = {"name": lot.name, "address": "", "capacity": 3, "price": "10.00"}
    page = f"{LOTS}{lot.slug}/change/"
    return text_of(browser.post(page, as_it_is | wish, follow=True))


def spots(venue: Venue) -> list[str]:
    return list(venue.resources.filter(retired_at=None).values_list("name", flat=True))


def test_a_lot_is_made_with_its_spots(boss: Client) -> None:
    page = text_of(boss.post(LOTS + "new/", WISH, follow=True))
    made = Venue.objects.get(name="North")
    assert said(page) == ["North is open."] and "EUR 2.50 per hour" in page
    assert spots(made) == ["1", "2", "3"] and made.time_zone == "Europe/Amsterdam"
    assert Event.objects.get(venue=made).name == "lot.opened"
    assert fault_beside(text_of(boss.post(LOTS + "new/", WISH | {"currency": "XXY"})), "currency")


def test_a_price_has_no_more_decimals_than_its_currency(boss: Client, lot: Venue) -> None:
    new = text_of(boss.post(LOTS + "new/", WISH | {"price": "1.239"}))
    assert fault_beside(new, "price") == "EUR has 2 decimals."
    assert fault_beside(keep(boss, lot, price="1.239"), "price") == "EUR has 2 decimals."
    assert Rate.objects.get(venue=lot).amount_minor == 1_000
    yen = WISH | {"price": "1.5", "currency": "JPY"}
    assert fault_beside(text_of(boss.post(LOTS + "new/", yen)), "price") == "JPY has 0 decimals."


def test_a_lot_grows_and_shrinks_by_empty_spots(boss: Client, lot: Venue) -> None:
    row = hold(lot)
    keep(boss, lot, capacity=5, price="3.00")
    assert len(spots(lot)) == 5 and Rate.objects.get(venue=lot).amount_minor == 300
    taken = row.allocations.get().resource.name
    assert fault_beside(keep(boss, lot, capacity=0), "capacity").endswith("(lot_in_use)")
    keep(boss, lot, capacity=1)
    assert spots(lot) == [taken]
    assert set(
        Event.objects.filter(venue=lot, reservation=None).values_list("name", flat=True)
    ) == {"lot.changed"}


def test_a_lot_is_deleted_only_while_empty(boss: Client, lot: Venue) -> None:
    row = hold(lot)
    page = f"{LOTS}{lot.slug}/delete/"
    assert boss.get(page).status_code == 200
    assert "(lot_in_use)" in said(text_of(boss.post(page, follow=True)))[0]
    actions.cancel(reservation_id=row.pk, by=DESK)
    assert said(text_of(boss.post(page, follow=True))) == ["South is given up."]
    assert not Venue.objects.get(pk=lot.pk).is_active and spots(lot) == []
    assert boss.post(page).status_code == 404


def test_a_clerk_sees_their_lots_and_changes_none(boss: Client, lot: Venue) -> None:
    attendant = browser_of(StaffFactory.create(clerk_at=[lot]))
    other = make_venue("parking")
    Venue.objects.filter(pk=other.pk).update(name="Strange")
    page = text_of(attendant.get(LOTS))
    assert "South" in page and "Strange" not in page and "New lot" not in page
    assert attendant.get(f"{LOTS}{other.slug}/").status_code == 404
    unit = other.resources.get()
    assert attendant.get(f"{LOTS}{lot.slug}/spots/{unit.pk}/").status_code == 404
    for address in ("new/", f"{lot.slug}/change/", f"{lot.slug}/delete/"):
        assert attendant.get(LOTS + address).status_code == 403
        assert attendant.post(LOTS + address, WISH).status_code == 403
    every = text_of(boss.get(LOTS))
    assert "South" in every and "Strange" in every


def test_a_spot_tells_the_vehicle_on_it(
    attendant: Client, lot: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = hold(lot, vehicle_plate="AB-12-CD")
    unit = row.allocations.get().resource
    frozen.move_to(NOON)
    actions.check_in(reservation_id=row.pk, by=DESK)
    page = text_of(attendant.get(f"{LOTS}{lot.slug}/"))
    assert page.count('class="spot free"') == 2 and "AB-12-CD" in page and "Here now" in page
    page = text_of(attendant.get(f"{LOTS}{lot.slug}/spots/{unit.pk}/"))
    assert "AB-12-CD" in page and row.code in page and "EUR 20.00" in page


@pytest.mark.parametrize("which", ["", "one"])
def test_more_lots_and_cars_ask_no_more_queries(boss: Client, lot: Venue, which: str) -> None:
    page = LOTS + (f"{lot.slug}/" if which else "")

    def queries() -> int:
        boss.get(page)
        with CaptureQueriesContext(connection) as asked:
            assert boss.get(page).status_code == 200
        return len(asked)

    hold(lot)
    before = queries()
    for _ in range(2):
        hold(make_venue("parking", units=2))
        hold(lot)
    assert queries() == before


def test_parking_is_not_kept_past_the_engine(boss: Client, lot: Venue) -> None:
    unit = lot.resources.all()[0]
    for model, row in (("venue", lot), ("resource", unit)):
        page = reverse(f"admin:venues_{model}_delete", args=[row.pk])
        assert boss.post(page, {"post": "yes"}).status_code == 403
    form = {"category": lot.categories.get().pk, "name": "99", "floor": 0, "capacity": 1,
            "rank": 0, "attributes": "{}"}  # fmt: skip
    page = text_of(boss.post(reverse("admin:venues_resource_add"), form))
    assert "made from a number" in fault_beside(page, "category")
    assert len(spots(lot)) == 3
