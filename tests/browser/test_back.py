"""The Back button of a browser that keeps whole pages, as those of visitors do."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from guests.models import User
from reservations.models import Reservation
from tests.factories import hold, make_venue
from tests.guests.factories import AdministratorFactory, UserFactory
from tests.web.browsing import picked
from venues.models import Venue

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NAME = "Xanthippe"
"""Of the person who logs out. It is on every page of theirs."""

# Says in the console which pages were shown as they were kept.
_SAY_KEPT = """
addEventListener("pageshow", (shown) => shown.persisted && console.log(`kept ${location.pathname}`))
"""

# A browser keeps few pages: as many as it has room for are looked at after one log-out.
_KEPT_AT_ONCE = 4

OF_A_GUEST = (
    "/me/",
    "/me/reservations/",
    "/me/favourites/",
    "/me/parking/",
    "/me/data/",
    "/me/data/address/",
    "/me/data/erase/",
    "/accounts/password/change/",
    "/reservations/{code}/",
    "/reservations/{code}/change/",
    "/venues/{slug}/",
    "/venues/{slug}/book/?{picked}",
)
OF_THE_DESK = (
    "/admin/",
    "/admin/today/",
    "/admin/timeline/",
    "/admin/walk-in/",
    "/admin/charts/",
    "/admin/lots/",
    "/admin/privacy/log/",
    "/admin/reservations/reservation/",
    "/admin/reservations/reservation/{stay}/change/",
    "/admin/reservations/reservation/{stay}/modify/",
    "/admin/guests/user/",
    "/admin/guests/user/{user}/change/",
)


class Visit:
    """A page of a browser that keeps pages, and the addresses of those it showed as kept."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.kept: list[str] = []
        page.add_init_script(_SAY_KEPT)
        page.on("console", lambda said: self._hear(said.text))

    def back(self) -> None:
        """Presses Back, until a page is shown."""
        with self.page.expect_event("framenavigated"):
            self.page.evaluate("history.back()")

    def _hear(self, said: str) -> None:
        if said.startswith("kept "):
            self.kept.append(said.removeprefix("kept "))


@pytest.fixture
def visit(keeping_chromium: Browser, live_server: LiveServer) -> Iterator[Visit]:
    context = keeping_chromium.new_context(base_url=live_server.url)
    context.set_default_timeout(60_000)
    yield Visit(context.new_page())
    context.close()


@pytest.fixture
def bistro(transactional_db: None) -> Venue:
    """Tables that are held for half an hour before they are confirmed."""
    made = make_venue("restaurant", units=3, step=None, hold_time=timedelta(minutes=30))
    Venue.objects.filter(pk=made.pk).update(name="Bistro", phone_region="NL")
    return Venue.objects.get(pk=made.pk)


def tomorrow() -> str:
    return picked(timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=1))


def log_in(visit: Visit, user: User, server: LiveServer) -> None:
    client = Client()
    client.force_login(user, backend="config.page_log_in.HeldBack")
    session = client.cookies["sessionid"].value
    visit.page.context.add_cookies(
        [{"name": "sessionid", "value": session, "url": server.url, "httpOnly": True}]
    )


def pages_of(user: User, stay: Reservation, addresses: tuple[str, ...]) -> list[str]:
    """The addresses, with what they are about filled in."""
    slug = stay.venue.slug
    told = {"code": stay.code, "slug": slug, "stay": stay.pk, "user": user.pk, "picked": tomorrow()}
    return [address.format(**told) for address in addresses]


def test_the_browser_of_these_tests_keeps_pages(visit: Visit, bistro: Venue) -> None:
    visit.page.goto("/")
    visit.page.goto(f"/venues/{bistro.slug}/")
    visit.back()
    expect(visit.page.get_by_role("heading", level=1)).to_be_visible()
    assert visit.kept == ["/"]


@pytest.mark.parametrize("who", ["guest", "desk"])
def test_back_after_a_log_out_shows_nothing_of_the_person(
    visit: Visit, bistro: Venue, live_server: LiveServer, who: str
) -> None:
    is_guest, page = who == "guest", visit.page
    fields = {"first_name": NAME, "email": f"{NAME}@example.com", "last_login": timezone.now()}
    user = (UserFactory if is_guest else AdministratorFactory).create(**fields)
    stay = hold(bistro, timezone.now() + timedelta(days=1))
    Reservation.objects.filter(pk=stay.pk).update(guest=user, first_name=NAME)
    addresses = pages_of(user, stay, OF_A_GUEST if is_guest else OF_THE_DESK)
    for first in range(0, len(addresses), _KEPT_AT_ONCE):
        log_in(visit, user, live_server)
        seen = addresses[first : first + _KEPT_AT_ONCE]
        for address in seen:
            answer = page.goto(address)
            assert answer is not None and answer.status == 200, address
            assert NAME in page.content(), address
        page.get_by_role("button", name="Log out").click()
        page.wait_for_url(re.compile("signed-out|logout"))
        visit.kept.clear()
        for address in reversed(seen):
            visit.back()
            page.wait_for_load_state()
            shown = page.content()
            assert NAME not in shown, address
        assert visit.kept == []


def hold_tomorrow(page: Page, venue: Venue) -> None:
    page.goto(f"/venues/{venue.slug}/book/?{tomorrow()}")
    page.get_by_label("First name").fill("Ada")
    page.get_by_label("Last name").fill("Lovelace")
    page.get_by_label("Phone number").fill("020 123 4567")
    page.get_by_role("button", name="Hold this for me").click()
    expect(page.get_by_text("Held until")).to_be_visible()


def test_back_after_holding_asks_before_it_holds_one_more(visit: Visit, bistro: Venue) -> None:
    page = visit.page
    hold_tomorrow(page, bistro)
    row = Reservation.objects.get()
    visit.back()
    told = page.get_by_text("You hold this already until")
    expect(told).to_be_visible()
    assert Reservation.objects.count() == 1
    told.get_by_role("link", name="go to it").click()
    page.wait_for_url(f"**/reservations/{row.code}/")
    visit.back()
    # What was filled in is still there, and the button is alive.
    expect(page.get_by_label("First name")).to_have_value("Ada")
    page.get_by_role("button", name="Hold one more").click()
    expect(page.get_by_text("Held until")).to_be_visible()
    assert Reservation.objects.count() == 2
