"""Every page as its visitor gets it: axe finds nothing, it fits, is of few kilobytes and our own.

An equal measure to Lighthouse's of accessibility and best practice, on the demonstration's data.
"""

import gzip
from collections.abc import Iterator
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command
from playwright.sync_api import Browser, Page, Response, ViewportSize
from pytest_django.fixtures import Settings

from payments import recording
from payments.methods import Method
from payments.recording import Taken
from reservations.models import Reservation
from tests.admin.browsing import address
from tests.browser.accessibility import assert_accessible
from tests.browser.serving import served
from tests.factories import DESK as BY_DESK

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume"),
]

PHONE: ViewportSize = {"width": 320, "height": 700}
DESK: ViewportSize = {"width": 1280, "height": 800}
MOST_SCRIPT = 100_000
"""Bytes, gzipped."""

ARRIVAL = date.today() + timedelta(days=40)
NIGHTS = f"check_in={ARRIVAL}&check_out={ARRIVAL + timedelta(days=2)}&guests=2"
ANYBODY = (
    "/",
    "/?q=zzzz",
    "/?kind=parking&guests=0",
    "/venues/harbour-hotel/",
    f"/venues/harbour-hotel/?{NIGHTS}",
    f"/venues/harbour-hotel/book/?{NIGHTS}&category=standard",
    "/venues/bistro-zuid/",
    "/venues/practice-west/",
    "/venues/smart-parking/",
    "/venues/city-lot/",
    "/venues/city-lot/plan/",
    "/venues/smart-parking/plan/",
    "/reservations/find/",
    "/data/",
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/signed-out/",
    "/accounts/password/reset/",
    "/examples/smart-parking/",
)
A_GUEST = (
    "/me/",
    "/me/reservations/",
    "/me/favourites/",
    "/me/parking/",
    "/me/data/",
    "/me/data/erase/",
    "/venues/city-lot/review/",
    "/accounts/password/change/",
    f"/venues/harbour-hotel/book/?{NIGHTS}&category=standard",
)
THE_DESK = (
    "/admin/",
    "/admin/today/",
    "/admin/timeline/",
    "/admin/walk-in/",
    "/admin/charts/",
    "/admin/lots/",
    "/admin/letters/harbour-hotel/",
    "/admin/letters/harbour-hotel/confirmed/en/",
    "/admin/reservations/reservation/",
)


@pytest.fixture
def secrets(transactional_db: None, settings: Settings, tmp_path: Path) -> dict[str, str]:
    """What the people of the demonstration log in with."""
    settings.DATA_DIR = tmp_path
    said = StringIO()
    call_command("load_demonstration", stdout=said)
    lines = (line.split() for line in said.getvalue().splitlines())
    return {line[0]: line[1] for line in lines if len(line) == 2}


class Watched:
    """A visitor, and what their browser was sent and had to complain of."""

    def __init__(self, page: Page, base: str) -> None:
        self.page, self.host = page, urlsplit(base).netloc
        self.faults: list[str] = []
        self.elsewhere: list[str] = []
        self.scripts: list[Response] = []
        page.on("pageerror", lambda fault: self.faults.append(str(fault)))
        page.on("console", lambda said: self._hear(said.type, f"{said.text} {said.location}"))
        page.on("response", self._see)

    def judge(self, path: str) -> None:
        """Open a page and hold it against all that is asked of one."""
        # What the page before was still loading is not of this one.
        self.page.goto("about:blank")
        self.scripts.clear()
        answer = self.page.goto(path)
        assert answer is not None and answer.status == 200, path
        assert_accessible(self.page)
        width = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert width <= 0, f"{path} is {width} px wider than the screen"
        assert self.page.locator("h1").count() == 1, path
        assert self.page.locator("html[lang]").count() == 1, path
        assert self.page.locator("meta[name=viewport]").count() == 1, path
        assert self.page.title().strip(), path
        sizes = {script.url: len(gzip.compress(script.body())) for script in self.scripts}
        assert sum(sizes.values()) <= MOST_SCRIPT, (path, sizes)
        assert (self.faults, self.elsewhere) == ([], []), path

    def _hear(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.faults.append(text)

    def _see(self, answer: Response) -> None:
        place = urlsplit(answer.url)
        if place.scheme.startswith("http") and place.netloc != self.host:
            self.elsewhere.append(answer.url)
        if answer.request.resource_type == "script":
            self.scripts.append(answer)


@pytest.fixture
def visitor(
    chromium: Browser, transactional_db: None, request: pytest.FixtureRequest
) -> Iterator[Watched]:
    """On a narrow phone in the dark, or at the desk by day."""
    is_desk = request.param == "desk"
    with served() as address:
        context = chromium.new_context(
            base_url=address,
            viewport=DESK if is_desk else PHONE,
            color_scheme="light" if is_desk else "dark",
        )
        context.set_default_timeout(60_000)
        yield Watched(context.new_page(), address)
        context.close()


def log_in(page: Page, email: str, secrets: dict[str, str], *, at: str, field: str) -> None:
    page.goto(at)
    page.locator(f"#id_{field}").fill(email)
    page.locator("#id_password").fill(secrets[email])
    page.locator("#id_password").press("Enter")
    page.wait_for_url(lambda url: at not in url)


@pytest.mark.parametrize("visitor", ["phone"], indirect=True)
def test_pages_for_anybody(visitor: Watched, secrets: dict[str, str]) -> None:
    for path in ANYBODY:
        visitor.judge(path)


@pytest.mark.parametrize("visitor", ["phone"], indirect=True)
def test_pages_of_a_guest(visitor: Watched, secrets: dict[str, str]) -> None:
    email = "driver1@parking.com"
    log_in(visitor.page, email, secrets, at="/accounts/login/", field="login")
    for path in A_GUEST:
        visitor.judge(path)


@pytest.mark.parametrize("visitor", ["desk"], indirect=True)
def test_pages_of_the_desk(visitor: Watched, secrets: dict[str, str]) -> None:
    email = "desk@holdfast.example"
    log_in(visitor.page, email, secrets, at="/admin/login/", field="username")
    visitor.page.get_by_text("Harbour Hotel").first.click()
    for path in THE_DESK:
        visitor.judge(path)


@pytest.mark.parametrize("visitor", ["desk"], indirect=True)
def test_pages_of_money(visitor: Watched, secrets: dict[str, str]) -> None:
    email = "desk@holdfast.example"
    row = Reservation.objects.filter(venue__slug="harbour-hotel").earliest("pk")
    recording.record(row.pk, Taken(method=Method.CASH, amount_minor=500), by=BY_DESK)
    log_in(visitor.page, email, secrets, at="/admin/login/", field="username")
    visitor.page.get_by_text("Harbour Hotel").first.click()
    for verb in ("change", "pay", "give_back"):
        visitor.judge(address(verb, row))
    visitor.judge("/admin/takings/")
    assert "EUR 5.00" in visitor.page.inner_text("main")
    visitor.judge("/admin/refunds/")
