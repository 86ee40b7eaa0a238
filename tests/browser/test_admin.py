"""The desk at work in a browser: a guest is held, confirmed, let in and out by clicking."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, ViewportSize, expect

from reservations.models import Reservation
from tests.factories import make_venue
from tests.guests.factories import PASSWORD, StaffFactory
from venues.models import Venue

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture
def venue(transactional_db: None) -> Venue:
    """A restaurant that takes who comes within the hour."""
    made = make_venue(
        "restaurant",
        units=3,
        step=None,
        early_check_in=timedelta(hours=1),
        buffer_after=timedelta(),
    )
    Venue.objects.filter(pk=made.pk).update(name="Bistro", time_zone="Asia/Tokyo")
    StaffFactory.create(email="desk@example.com", staff_venues=[made])
    return Venue.objects.get(pk=made.pk)


def log_in(page: Page) -> None:
    page.goto("/admin/")
    page.get_by_label("Email").fill("desk@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def fill_in(page: Page, venue: Venue) -> str:
    """A party of two in half an hour, as the venue's clocks show it."""
    soon = (timezone.now() + timedelta(minutes=30)).astimezone(venue.zone)
    page.get_by_label("Starts").fill(f"{soon:%Y-%m-%dT%H:%M}")
    page.get_by_label("Guests").fill("2")
    page.get_by_label("First name").fill("Ada")
    page.get_by_label("Last name").fill("Lovelace")
    page.get_by_label("Phone", exact=False).first.fill("+31 20 123 4567")
    return f"{soon:%H:%M}"


def test_a_guest_is_held_confirmed_let_in_and_out(page: Page, venue: Venue) -> None:
    log_in(page)
    page.get_by_role("link", name="Reservations", exact=True).click()
    expect(page.get_by_text("0 reservations")).to_be_visible()
    page.get_by_role("link", name="New reservation").click()
    starts = fill_in(page, venue)
    page.get_by_role("button", name="Hold").click()

    code = Reservation.objects.get().code
    expect(page.get_by_text(f"{code} is held for Ada Lovelace.")).to_be_visible()
    expect(page.locator(".desk-summary")).to_contain_text(starts)
    for button, done, status in (
        ("Confirm", "is confirmed", "Upcoming"),
        ("Check in", "is checked in", "Here now"),
        ("Check out", "is checked out", "Left"),
    ):
        page.get_by_role("button", name=button).click()
        expect(page.get_by_text(f"{code} {done}.")).to_be_visible()
        expect(page.locator(".desk-summary .status")).to_have_text(status)
    for gone in ("Check in", "Check out"):
        expect(page.get_by_role("button", name=gone, exact=True)).to_have_count(0)

    page.locator(".breadcrumbs").get_by_role("link", name="Reservations").click()
    page.get_by_role("link", name="Left", exact=True).click()
    expect(page.get_by_role("link", name=code)).to_be_visible()
    page.get_by_role("link", name="Held", exact=True).click()
    expect(page.get_by_text("0 reservations")).to_be_visible()


def test_a_phone_is_wide_enough(page: Page, venue: Venue) -> None:
    page.set_viewport_size(PHONE)
    log_in(page)
    page.goto(f"/admin/reservations/reservation/add/?venue={venue.pk}")
    fill_in(page, venue)
    page.get_by_label("Guests").fill("99")
    page.get_by_role("button", name="Hold").click()
    expect(page.locator("#id_guest_count_error")).to_contain_text("(party_too_large)")
    page.get_by_label("Guests").fill("2")
    page.get_by_role("button", name="Hold").click()
    row = Reservation.objects.get()

    page.get_by_role("link", name="Modify").click()
    page.get_by_label("Remarks").fill("by the window")
    page.get_by_role("button", name="Save the change").click()
    expect(page.get_by_text("by the window", exact=True)).to_be_visible()
    page.get_by_role("link", name="Cancel it").click()
    page.get_by_role("button", name="Cancel the reservation").click()
    expect(page.locator(".desk-summary .status")).to_have_text("Cancelled")

    for address in ("", f"{row.pk}/change/", "add/"):
        page.goto(f"/admin/reservations/reservation/{address}")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.goto("/admin/reservations/reservation/")
    price = page.locator(".field-price").bounding_box()
    assert price is not None and price["x"] + price["width"] <= PHONE["width"]
    expect(page.locator(".field-when")).to_have_text(re.compile(r"\d\d:\d\d – .* JST"))


def test_a_unit_is_closed_and_reopened(page: Page, venue: Venue) -> None:
    log_in(page)
    page.goto("/admin/reservations/allocation/")
    page.get_by_role("link", name="Close units").click()
    day = (timezone.now() + timedelta(days=2)).astimezone(venue.zone)
    page.get_by_label("From").fill(f"{day:%Y-%m-%dT%H:%M}")
    page.get_by_label("Until").fill(f"{day + timedelta(hours=3):%Y-%m-%dT%H:%M}")
    page.get_by_label("Reason").fill("paint")
    page.get_by_label("2 · Standard").check()
    page.get_by_role("button", name="Close them").click()
    expect(page.get_by_text("Closed at Bistro: 2.")).to_be_visible()
    page.get_by_role("link", name="Reopen").click()
    page.get_by_role("button", name="Reopen them").click()
    expect(page.get_by_text("Open again: 2.")).to_be_visible()
