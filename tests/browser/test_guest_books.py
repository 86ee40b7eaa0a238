"""A guest in a real browser: finds, books, changes and cancels, at any width and by any means."""

import re
from collections.abc import Iterator
from datetime import time, timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    ViewportSize,
    expect,
)
from pytest_django.live_server_helper import LiveServer

from reservations.models import Reservation
from tests.browser.accessibility import assert_accessible
from tests.factories import add_hours, make_venue
from venues.models import Venue

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
NARROWEST: ViewportSize = {"width": 320, "height": 640}


@pytest.fixture
def bistro(transactional_db: None) -> Venue:
    """Two tables, open round the clock; a guest may change their mind at once.

    Where it is early in the morning just now: late in a day hardly a time of it is left to choose.
    """
    made = make_venue("restaurant", units=2, step=timedelta(hours=1), state_change_rate="20/m")
    add_hours(made, time(0), time(0))
    ahead = (3 - timezone.now().hour + 12) % 24 - 12
    Venue.objects.filter(pk=made.pk).update(
        name="Bistro Zuid",
        city="Utrecht",
        phone_region="NL",
        # What is east of Greenwich has a minus in these names.
        time_zone=f"Etc/GMT{-ahead:+d}",
    )
    return Venue.objects.get(pk=made.pk)


@pytest.fixture
def practice(transactional_db: None) -> Venue:
    """One provider with two slots a day."""
    made = make_venue(
        "practice", unit_schedules=False, slot_length=timedelta(hours=12), longest_stay=None
    )
    add_hours(made, time(0), time(0))
    Venue.objects.filter(pk=made.pk).update(name="Practice West", phone_region="NL")
    return Venue.objects.get(pk=made.pk)


@pytest.fixture
def guest(chromium: Browser, live_server: LiveServer) -> Iterator[Any]:
    """Opens pages of fresh visitors; fails when a script does, or anything is asked elsewhere."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def refused(said: ConsoleMessage) -> None:
        if "Content Security" in said.text:
            faults.append(said.text)

    def foreign(asked: Request) -> None:
        if not asked.url.startswith(live_server.url):
            faults.append(asked.url)

    def opened(**options: Any) -> Page:
        context = chromium.new_context(base_url=live_server.url, **options)
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        page.on("console", refused)
        page.on("request", foreign)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


def fill_in(page: Page, first_name: str = "Ada") -> None:
    page.get_by_label("First name").fill(first_name)
    page.get_by_label("Last name").fill("Lovelace")
    page.get_by_label("Phone number").fill("020 123 4567")


def fits(page: Page) -> None:
    """The page breaks no rule, and is no wider than a window, even the narrowest."""
    assert_accessible(page)
    own = page.viewport_size
    assert own is not None
    for size in (NARROWEST, own):
        page.set_viewport_size(size)
        assert page.evaluate("document.documentElement.scrollWidth") == size["width"]


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")])
def test_a_guest_finds_books_confirms_changes_and_cancels(
    guest: Any, bistro: Venue, size: ViewportSize, scheme: str
) -> None:
    page = guest(viewport=size, color_scheme=scheme)
    page.goto("/")
    fits(page)
    page.get_by_label("Name or address").fill("zuid")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("1 place found")).to_be_visible()
    page.get_by_role("link", name="Bistro Zuid", exact=True).click()
    expect(page.get_by_role("heading", name="Good to know")).to_be_visible()
    fits(page)

    # One view: the form comes to the page, and is where a reader goes on.
    page.locator("a.time").first.click()
    expect(page.get_by_role("heading", name="Your details")).to_be_focused()
    expect(page).to_have_url(re.compile("/book/\\?starts_at="))
    fits(page)
    page.get_by_role("button", name="Hold this for me").click()
    expect(page.get_by_role("alert")).to_be_focused()
    fits(page)
    page.get_by_role("link", name="First name: Fill this in.").click()
    expect(page.get_by_label("First name")).to_be_focused()
    fill_in(page)
    page.get_by_role("button", name="Hold this for me").click()

    expect(page.get_by_role("heading", name="Held for you")).to_be_visible()
    expect(page.get_by_role("timer")).to_have_text(re.compile(r"^(9:\d\d|10:00)$"))
    fits(page)
    page.get_by_role("button", name="Confirm the reservation").click()
    expect(page.get_by_role("heading", name="It is yours")).to_be_visible()
    fits(page)
    with page.expect_download() as calendar:
        page.get_by_role("link", name="Add to calendar").click()
    row = Reservation.objects.get()
    assert calendar.value.suggested_filename == f"{row.code}.ics"

    page.get_by_role("link", name="Change").click()
    fits(page)
    page.get_by_label("Guests").fill("3")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="Is this what you want?")).to_be_visible()
    fits(page)
    page.get_by_role("button", name="Save the change").click()
    expect(page.get_by_text("Your reservation is changed.")).to_be_visible()

    page.get_by_role("link", name="Cancel", exact=True).click()
    expect(page.get_by_text("Cancelling now is free.")).to_be_visible()
    fits(page)
    page.get_by_role("button", name="Cancel the reservation").click()
    expect(page.get_by_role("heading", name="This reservation is cancelled")).to_be_visible()
    fits(page)


def test_everything_works_with_scripts_switched_off(guest: Any, bistro: Venue) -> None:
    page = guest(viewport=PHONE, java_script_enabled=False)
    page.goto(f"/venues/{bistro.slug}/")
    page.get_by_label("Guests").fill("4")
    page.get_by_role("button", name="Show times").click()
    page.locator("a.time").nth(3).click()
    fill_in(page)
    page.get_by_role("button", name="Hold this for me").click()
    expect(page.get_by_text("Held until")).to_be_visible()
    page.get_by_role("button", name="Confirm the reservation").click()
    expect(page.get_by_role("heading", name="It is yours")).to_be_visible()
    page.get_by_role("link", name="Change").click()
    page.get_by_label("Guests").fill("2")
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Save the change").click()
    page.get_by_role("link", name="Cancel", exact=True).click()
    page.get_by_role("button", name="Cancel the reservation").click()
    row = Reservation.objects.get()
    assert (row.guest_count, bool(row.cancelled_at)) == (2, True)

    # A browser that does not know it proves it by code and phone number.
    other = guest(viewport=PHONE, java_script_enabled=False)
    other.goto(f"/reservations/{row.code}/")
    other.get_by_label("Reservation code").fill(row.code.lower())
    other.get_by_label("Phone number").fill("020 123 4567")
    other.get_by_role("button", name="Find it").click()
    expect(other.get_by_role("heading", name="This reservation is cancelled")).to_be_visible()


def test_the_keyboard_alone_books_changes_and_cancels(guest: Any, bistro: Venue) -> None:
    page = guest(viewport=DESKTOP)
    page.goto(f"/venues/{bistro.slug}/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    press_on(page, "a.time")
    expect(page.get_by_role("heading", name="Your details")).to_be_focused()
    for label, words in (("first_name", "Ada"), ("last_name", "Byron"), ("phone", "0201234567")):
        go_to(page, f"#id_{label}")
        page.keyboard.type(words)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Held for you")).to_be_visible()
    press_on(page, "form[action$='confirm/'] button")
    expect(page.get_by_role("heading", name="It is yours")).to_be_visible()
    press_on(page, "main a[href$='change/']")
    expect(page.get_by_role("heading", name="Change your reservation")).to_be_visible()
    go_to(page, "#id_guests")
    page.keyboard.type("3")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Is this what you want?")).to_be_visible()
    press_on(page, "button[name=save]")
    expect(page.get_by_text("Your reservation is changed.")).to_be_visible()
    press_on(page, "main a[href$='cancel/']")
    expect(page.get_by_text("Cancelling now is free.")).to_be_visible()
    press_on(page, "main form button")
    expect(page.get_by_role("heading", name="This reservation is cancelled")).to_be_visible()
    assert Reservation.objects.get().guest_count == 3


def test_two_browsers_want_one_slot_and_both_see_the_right_thing(
    guest: Any, practice: Venue
) -> None:
    ada, grace = guest(viewport=DESKTOP), guest(viewport=PHONE)
    for page, name in ((ada, "Ada"), (grace, "Grace")):
        page.goto(f"/venues/{practice.slug}/")
        page.locator("a.slot.free").first.click()
        fill_in(page, name)
        page.get_by_label("Remarks", exact=False).first.evaluate("area => area.value = 'hello'")
    for page in (ada, grace):
        page.get_by_role("button", name="Hold this for me").click()
    expect(ada.get_by_role("heading", name="Held for you")).to_be_visible()
    expect(grace.get_by_role("alert")).to_contain_text("Somebody else is holding this time")
    fits(grace)
    grace.locator("button.chip").first.click()
    expect(grace.get_by_label("First name")).to_have_value("Grace")
    expect(grace.get_by_label("Remarks", exact=False).first).to_have_value("hello")
    grace.get_by_role("button", name="Hold this for me").click()
    expect(grace.get_by_role("heading", name="Held for you")).to_be_visible()
    rows = Reservation.objects.order_by("pk")
    assert [row.first_name for row in rows] == ["Ada", "Grace"]
    assert rows[0].starts_at != rows[1].starts_at
    ada.goto(f"/venues/{practice.slug}/?date={rows[0].starts_at:%Y-%m-%d}")
    expect(ada.locator(".slot.taken").first).to_have_text("Taken")
    fits(ada)


def test_a_hold_that_lapses_says_so_by_itself(guest: Any, bistro: Venue) -> None:
    page = guest(viewport=PHONE)
    page.goto(f"/venues/{bistro.slug}/")
    page.locator("a.time").first.click()
    fill_in(page)
    page.get_by_role("button", name="Hold this for me").click()
    expect(page.get_by_role("timer")).to_be_visible()
    soon = timezone.now() + timedelta(seconds=6)
    Reservation.objects.update(hold_expires_at=soon)
    page.reload()
    expect(page.get_by_role("timer")).to_have_text(re.compile(r"^0:0\d$"))
    # Nobody touches the page any more.
    lapsed = page.get_by_role("heading", name="The hold has lapsed")
    expect(lapsed).to_be_visible(timeout=60_000)
    fits(page)
    page.get_by_role("link", name="Try the same time again").click()
    expect(page.get_by_role("heading", name="Your details")).to_be_visible()


def test_nights_are_chosen_in_the_calendar_or_typed(guest: Any, transactional_db: None) -> None:
    hotel = make_venue("hotel", units=2)
    page = guest(viewport=PHONE)
    page.goto(f"/venues/{hotel.slug}/")
    page.locator("a.day").first.click()
    expect(page.get_by_text("Now choose the day you leave.")).to_be_visible()
    fits(page)
    page.locator("a.day:not(.chosen)").nth(1).click()
    expect(page.locator(".offer").first).to_be_visible()
    fits(page)
    page.get_by_role("link", name="Book", exact=False).first.click()
    expect(page.get_by_role("heading", name="Your details")).to_be_focused()


def test_the_documentation_of_the_api_asks_nothing_of_anybody_else(guest: Any) -> None:
    page = guest(viewport=DESKTOP)
    page.goto("/api/v1/docs")
    expect(page.locator(".opblock").first).to_be_visible(timeout=60_000)


def go_to(page: Page, selector: str) -> None:
    """Press Tab until that is where the keyboard is."""
    for _ in range(150):
        page.keyboard.press("Tab")
        if page.evaluate("chosen => document.activeElement.matches(chosen)", selector):
            return
    raise AssertionError(f"The keyboard does not come to {selector}.")


def press_on(page: Page, selector: str) -> None:
    go_to(page, selector)
    page.keyboard.press("Enter")
