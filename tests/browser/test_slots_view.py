"""The slots view in pages that are not ours: booked, raced for, recoloured, embedded elsewhere."""

import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Locator, Page, Route, expect
from pytest_django.fixtures import Settings

from api.live import consumer
from config.demonstration import venues
from guests import tokens
from guests.callers import for_user
from guests.models import User
from reservations import actions, events, sweeps
from reservations.models import Reservation
from tests.browser.accessibility import assert_accessible
from tests.browser.serving import served
from tests.factories import DESK, hold
from tests.guests.factories import PASSWORD, UserFactory
from venues.models import Venue

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    # As `serve` has it: Django would have small files sent by asynchronous iterators.
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume"),
]

EXAMPLE = "/examples/smart-parking/"
SOCKETS = re.compile("/ws/venues/")
BOOKING = "**/api/v1/parking/reservations"


@pytest.fixture
def lot(transactional_db: None) -> Venue:
    """The lot of the example, and the two drivers."""
    for number in (1, 2):
        UserFactory.create(email=f"driver{number}@parking.com", phone=f"+3120123456{number}")
    return venues.smart_parking()


@pytest.fixture
def site(lot: Venue, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The product with its sockets; boards hear of each commit at once, as they do in `serve`."""
    settings.LIVE_REDIS_URL = ""
    settings.MIDDLEWARE = ["corsheaders.middleware.CorsMiddleware", *settings.MIDDLEWARE]
    monkeypatch.setattr(events, "_listeners", [consumer.announce])
    with served() as address:
        yield address


class Drivers:
    """Opens the example as somebody, each in a browser of their own."""

    def __init__(self, chromium: Browser, site: str) -> None:
        self._chromium, self._site = chromium, site
        self.faults: list[str] = []

    def page(self) -> Page:
        context = self._chromium.new_context(base_url=self._site, locale="en-GB")
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.on("pageerror", lambda fault: self.faults.append(str(fault)))
        page.on("console", self._hear)
        return page

    def board(self, number: int, page: Page | None = None) -> Page:
        """Logged in, with tomorrow's board before them."""
        page = page or self.page()
        page.goto(f"{EXAMPLE}#/slots/{tomorrow():%Y-%m-%d}")
        page.get_by_label("E-mail address").fill(f"driver{number}@parking.com")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        expect(slot(page, 101, 8)).to_be_visible()
        return page

    def _hear(self, message: object) -> None:
        text = str(getattr(message, "text", ""))
        if "Content Security Policy" in text:
            self.faults.append(text)


@pytest.fixture
def drivers(chromium: Browser, site: str) -> Iterator[Drivers]:
    opened = Drivers(chromium, site)
    yield opened
    for context in chromium.contexts:
        context.close()
    assert opened.faults == []


def tomorrow() -> datetime:
    return (timezone.now() + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


def slot(page: Page | Locator, spot: int, hour: int) -> Locator:
    times = f"{hour:02}:00–{hour + 4:02}:00"
    return page.locator(".slot").filter(has_text=f"Spot {spot}, {times}")


def stands(page: Page | Locator, spot: int, hour: int, state: str) -> None:
    expect(slot(page, spot, hour)).to_have_attribute("data-state", state)


def reserve(lot: Venue, spot: int, hour: int, *, email: str = "driver2@parking.com") -> Reservation:
    unit = lot.resources.get(name=str(spot))
    by = for_user(User.objects.get(email=email))
    return hold(lot, tomorrow().astimezone(UTC) + timedelta(hours=hour), 4, resource=unit.pk, by=by)


def is_live(page: Page) -> None:
    expect(page.locator(".holdfast-slots")).to_have_attribute("data-live", "true")


def test_a_driver_logs_in_and_books_and_releases_with_the_keyboard_alone(
    drivers: Drivers, lot: Venue
) -> None:
    page = drivers.page()
    page.goto(EXAMPLE)
    page.get_by_label("E-mail address").fill("driver1@parking.com")
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text(re.compile("do not go together"))
    assert_accessible(page)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_label("Date").fill(f"{tomorrow():%Y-%m-%d}")
    expect(page.locator("caption")).to_contain_text(f"{tomorrow():%-d %B}")
    expect(page.locator(".slot")).to_have_count(15)
    is_live(page)

    slot(page, 101, 8).focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    stands(page, 101, 12, "mine")
    expect(page.get_by_role("status").filter(has_text="Booked for you")).to_contain_text("€10.00")
    expect(slot(page, 101, 12)).to_be_focused()
    row = Reservation.objects.get()
    assert (row.guest, row.starts_at.hour) == (User.objects.get(email="driver1@parking.com"), 12)
    assert_accessible(page)
    page.reload()
    stands(page, 101, 12, "mine")

    page.get_by_role("button", name="Release").focus()
    page.keyboard.press("Enter")
    stands(page, 101, 12, "free")
    expect(slot(page, 101, 12)).to_be_focused()
    row.refresh_from_db()
    # Before it began, giving it back is cancelling it.
    assert row.cancelled_at and not row.checked_out_at
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_text("You are logged out.")).to_be_visible()
    page.goto(f"{EXAMPLE}#/slots")
    expect(page.get_by_label("Password")).to_be_visible()


def test_two_browsers_race_for_one_slot_and_both_see_who_won(drivers: Drivers) -> None:
    first, second = drivers.board(1), drivers.board(2)
    # Nothing tells the second page that the slot has gone, until its own click is answered.
    second.route_web_socket(SOCKETS, lambda socket: None)
    second.reload()
    stands(second, 103, 8, "free")

    def lose(route: Route) -> None:
        slot(first, 103, 8).click()
        stands(first, 103, 8, "mine")
        route.continue_()

    second.route(BOOKING, lose, times=1)
    slot(second, 103, 8).click()
    stands(second, 103, 8, "taken")
    expect(slot(second, 103, 8)).to_have_text(re.compile("^Taken"))
    expect(second.get_by_role("status")).to_contain_text("Someone was a moment faster")
    expect(slot(second, 103, 8)).to_be_focused()
    assert_accessible(second)
    slot(second, 103, 8).click(force=True)
    assert Reservation.objects.count() == 1

    second.locator(".hs-offer").first.click()
    expect(second.get_by_role("status")).to_contain_text("Booked for you")
    assert {
        row.guest.email for row in Reservation.objects.select_related("guest") if row.guest
    } == {
        "driver1@parking.com",
        "driver2@parking.com",
    }


def test_an_open_page_recolours_whoever_changes_a_slot(drivers: Drivers, lot: Venue) -> None:
    page = drivers.board(1)
    is_live(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    row = reserve(lot, 102, 12)
    stands(page, 102, 12, "taken")
    actions.cancel(reservation_id=row.pk, by=DESK)
    stands(page, 102, 12, "free")

    # A hold that lapses, which the worker finds.
    lot.policy.confirms_at_once = False
    lot.policy.save()
    held = reserve(lot, 104, 16)
    stands(page, 104, 16, "taken")
    Reservation.objects.filter(pk=held.pk).update(hold_expires_at=timezone.now())
    held.allocations.update(lapses_at=timezone.now())
    sweeps.expire_holds()
    stands(page, 104, 16, "free")
    assert asked == []

    # The viewer's own, ended at the desk.
    lot.policy.confirms_at_once = True
    lot.policy.save()
    slot(page, 105, 8).click()
    stands(page, 105, 8, "mine")
    actions.complete(reservation_id=Reservation.objects.latest("pk").pk, by=DESK)
    stands(page, 105, 8, "free")


def test_without_a_socket_the_board_asks_again_and_a_lost_answer_books_once(
    drivers: Drivers, lot: Venue
) -> None:
    page = drivers.page()
    page.route_web_socket(SOCKETS, lambda socket: socket.close(code=1011))
    drivers.board(1, page)
    expect(page.locator(".hs-foot")).to_contain_text("Connecting")
    reserve(lot, 101, 8)
    stands(page, 101, 8, "taken")

    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route(BOOKING, lose_the_answer, times=1)
    slot(page, 102, 8).click()
    stands(page, 102, 8, "mine")
    assert Reservation.objects.filter(guest__email="driver1@parking.com").count() == 1

    # A token that is good no more is renewed by the page, and what was clicked is booked.
    page.evaluate("sessionStorage['smart-parking.access'] = 'x'")
    slot(page, 103, 12).click()
    stands(page, 103, 12, "mine")
    # Where none is to be had for it, the page's own log-in is shown.
    page.evaluate("sessionStorage['smart-parking.access'] = 'x'")
    page.evaluate("sessionStorage['smart-parking.refresh'] = 'x'")
    slot(page, 103, 8).click()
    expect(page.get_by_text("Your session has ended")).to_be_visible()
    drivers.board(1, page)
    stands(page, 103, 8, "free")


class Shop(BaseHTTPRequestHandler):
    """A site that knows nothing of the product but its address and a script tag."""

    site, token = "", ""

    def do_GET(self) -> None:
        body = f"""<!doctype html><html lang="nl"><title>Shop</title><main><h1>Shop</h1>
          <holdfast-slots venue="smart-parking" token="{self.token}"></holdfast-slots></main>
          <script src="{self.site}/static/web/built/holdfast-slots.js"></script>"""
        sources = f"{self.site} {self.site.replace('http', 'ws')}"
        policy = f"default-src 'none'; script-src {self.site}; connect-src {sources}"
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Security-Policy", policy)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args: object) -> None:
        """Nothing is written."""


@pytest.fixture
def shop(site: str, settings: Settings) -> Iterator[int]:
    """The port of the shop, whose pages may ask where they are loaded as 127.0.0.1."""
    # A page of the machine itself, since browsers keep others from asking it.
    with ThreadingHTTPServer(("127.0.0.1", 0), Shop) as server:
        port = int(server.server_address[1])
        settings.ALLOWED_HOSTS = ["localhost"]
        settings.CORS_ALLOWED_ORIGINS = [f"http://127.0.0.1:{port}"]
        Shop.site = site
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield port
        server.shutdown()


def test_another_site_embeds_it_with_one_script_tag(
    drivers: Drivers, shop: int, lot: Venue
) -> None:
    Shop.token = tokens.issue(User.objects.get(email="driver1@parking.com")).access
    page = drivers.page()
    page.goto(f"http://127.0.0.1:{shop}/")
    page.get_by_label("Dag", exact=True).fill(f"{tomorrow():%Y-%m-%d}")
    spot = page.locator(".slot").filter(has_text="Plek 104, 12:00–16:00")
    expect(spot).to_have_text(re.compile("^Vrij"))
    is_live(page)
    assert_accessible(page)
    spot.click()
    expect(spot).to_have_attribute("data-state", "mine")
    expect(page.get_by_role("status")).to_contain_text("Voor u gereserveerd")
    reserve(lot, 103, 12)
    taken = page.locator(".slot").filter(has_text="Plek 103, 12:00–16:00")
    expect(taken).to_have_attribute("data-state", "taken")
    background = taken.evaluate("one => getComputedStyle(one).backgroundImage")
    assert "repeating-linear-gradient" in background, "its style sheet arrived"

    # An origin that no setting names is answered, but may not read it.
    page.goto(f"http://localhost:{shop}/")
    expect(page.get_by_text("kon niet worden geladen")).to_be_visible()
