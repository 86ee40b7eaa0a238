"""The desk's day on a tablet: from today to the timeline, by form and by hand, to who walks in."""

from datetime import date, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, ViewportSize, expect

from reservations import actions
from reservations.models import Reservation
from reservations.requests import Times
from reservations.rules.modes import business_date
from tests.browser.accessibility import assert_accessible
from tests.browser.test_admin import log_in
from tests.factories import DESK, hold, make_venue
from tests.guests.factories import StaffFactory
from venues.models import Venue

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TABLET: ViewportSize = {"width": 768, "height": 1024}


@pytest.fixture
def hotel(transactional_db: None) -> Venue:
    """Six rooms from whose first one guest is expected on the desk's day, whatever the hour is."""
    made = make_venue(
        "hotel", units=6, notice=timedelta(0), early_check_in=timedelta(hours=24),
        grace=timedelta(hours=24),
    )  # fmt: skip
    StaffFactory.create(email="desk@example.com", staff_venues=[made])
    stay(made, business_date(made, timezone.now()), 3, "Lovelace")
    return made


def stay(venue: Venue, first: date, nights: int, name: str) -> Reservation:
    times = Times(check_in=first, check_out=first + timedelta(days=nights))
    row = hold(venue, times=times, override_reason="it is to be there")
    Reservation.objects.filter(pk=row.pk).update(last_name=name)
    return actions.confirm(reservation_id=row.pk, by=DESK)


def room_of(name: str) -> str:
    row = Reservation.objects.get(last_name=name)
    return row.allocations.filter(is_live=True).latest("starts_at").resource.name


def drag(page: Page, handle: Locator, to: Locator) -> None:
    handle.hover()
    page.mouse.down()
    to.hover()
    page.mouse.up()


def test_the_desk_runs_its_day_on_a_tablet(page: Page, hotel: Venue) -> None:
    page.set_viewport_size(TABLET)
    log_in(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Today at")
    assert_accessible(page)
    page.get_by_role("button", name="Check in: Ada Lovelace").click()
    expect(page.locator("#part-in_house")).to_contain_text("Lovelace")

    # By the form, as by keyboard and without a script.
    page.get_by_role("link", name="Timeline", exact=True).click()
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= TABLET["width"]
    page.get_by_role("link", name="Move Lovelace · 1").click()
    assert_accessible(page)
    page.get_by_label("Unit").select_option(label="3 · Standard · floor 1 · for 4")
    page.get_by_role("button", name="Move").click()
    expect(page.locator("tr", has_text="3 Standard").locator(".bar.present")).to_be_visible()
    assert room_of("Lovelace") == "3"

    # By hand, to another room; and where somebody is, refused in words.
    bar = page.locator("tr", has_text="3 Standard").locator(".bar.present")
    cell = page.locator("tr", has_text="4 Standard").locator("td.free").first
    drag(page, bar.locator(".bar-move"), cell)
    expect(page.locator("tr", has_text="4 Standard").locator(".bar.present")).to_be_visible()
    assert room_of("Lovelace") == "4"
    stay(hotel, business_date(hotel, timezone.now()), 2, "Hopper")
    page.reload()
    theirs = page.locator(".bar.upcoming", has_text="Hopper").locator(".bar-move")
    here = page.locator(".bar.present", has_text="Lovelace")
    drag(page, theirs, page.locator("td.taken").filter(has=here))
    expect(page.locator("#desk-errors")).to_contain_text("(taken)")
    expect(page.get_by_text("Instead, this is free")).to_be_visible()
    assert_accessible(page)

    page.get_by_role("link", name="Walk-in", exact=True).click()
    assert_accessible(page)
    page.get_by_label("Last name").first.fill("Byron")
    page.get_by_role("button", name="Let them in").click()
    expect(page.locator(".messagelist")).to_contain_text("Byron")
    assert Reservation.objects.filter(last_name="Byron", confirmed_at__isnull=False).exists()
    for address in ("charts/", "lots/", "", f"reservations/reservation/add/?venue={hotel.pk}",
                    f"reservations/reservation/{Reservation.objects.latest('pk').pk}/change/",
                    "reservations/reservation/", "venues/venue/"):  # fmt: skip
        page.goto(f"/admin/{address}")
        assert_accessible(page)
