"""From a booking form through signing up to what is one's own, on a phone."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from guests.models import User
from reservations.models import Reservation
from tests.browser.accessibility import assert_accessible
from tests.factories import make_venue

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDTH = 390


def test_a_stranger_signs_up_from_a_booking_and_leaves_nothing_behind(page: Page) -> None:
    page.set_viewport_size({"width": WIDTH, "height": 844})
    venue = make_venue("hotel", units=3)
    first = (timezone.now() + timedelta(days=5)).date()
    chosen = f"?check_in={first}&check_out={first + timedelta(days=2)}&category=standard&guests=2"
    page.goto(f"/venues/{venue.slug}/book/{chosen}")

    page.get_by_role("link", name="New to this site? Login and it'll autofill").click()
    assert_accessible(page)
    page.get_by_role("button", name="Sign up").click()
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    summary.get_by_role("link", name="First name").click()
    expect(page.get_by_label("First name")).to_be_focused()
    assert_accessible(page)

    for label, value in (
        ("First name", "Ada"),
        ("Last name", "Lovelace"),
        ("E-mail address", "ada@example.com"),
        ("Phone number", "(202) 555-0123"),
        ("Password", "correct horse battery"),
    ):
        page.get_by_label(label).fill(value)
    page.get_by_label("Password").press("Enter")

    # Back at the form with what was chosen, logged in, and it has filled itself in.
    expect(page.get_by_text("You're logged in!")).to_be_visible()
    expect(page.get_by_role("link", name="Ada Lovelace")).to_be_visible()
    expect(page.get_by_label("First name")).to_have_value("Ada")
    expect(page.get_by_label("Phone number")).to_have_value("+12025550123")
    assert f"check_in={first}" in page.url
    page.get_by_role("button", name="Hold this for me").click()
    page.get_by_role("button", name="Confirm").click()
    row = Reservation.objects.get()
    assert row.guest == User.objects.get() and row.confirmed_at is not None

    # A favourite, with the script: the button changes where it stands, and keeps the focus.
    page.goto(f"/venues/{venue.slug}/")
    heart = page.get_by_role("button", name="Favourite")
    heart.click()
    expect(heart).to_have_attribute("aria-pressed", "true")
    expect(heart).to_be_focused()
    page.goto("/me/favourites/")
    expect(page.get_by_role("link", name="Test venue")).to_be_visible()
    assert_accessible(page)

    page.get_by_role("link", name="Reservations", exact=True).click()
    expect(page.get_by_text("Upcoming")).to_be_visible()
    expect(page.get_by_text(row.code)).to_be_visible()
    assert_accessible(page)
    for path in ("/me/", "/me/parking/"):
        page.goto(path)
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= WIDTH

    # What is held is handed out, and then erased.
    page.get_by_role("link", name="My data").click()
    assert_accessible(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    held = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert held["profile"]["email"] == "ada@example.com"
    assert [one["code"] for one in held["reservations"]] == [row.code]
    page.get_by_role("link", name="Erase my data").click()
    assert_accessible(page)
    page.get_by_label("Yes, erase all that you hold about me").check()
    page.get_by_role("button", name="Erase all of it").click()
    expect(page.get_by_text("You are erased")).to_be_visible()
    assert not User.objects.exists()
    row.refresh_from_db()
    assert row.first_name == "Erased" and row.cancelled_at is not None


def test_the_language_is_chosen_without_a_script_and_stays(page: Page) -> None:
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Nederlands").click()
    expect(page.get_by_role("heading", name="Inloggen")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "nl")
    assert_accessible(page)
    page.goto("/accounts/signup/")
    expect(page.get_by_role("heading", name="Aanmelden")).to_be_visible()
