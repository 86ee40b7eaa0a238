"""The picture of a lot in a browser: it follows every change, and a phone is wide enough."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.fixtures import Settings

from api.live import consumer
from reservations import actions, events
from tests.browser.accessibility import assert_accessible
from tests.browser.serving import served
from tests.factories import DESK, hold, make_venue
from venues.models import Venue

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume"),
]


@pytest.fixture
def lot(transactional_db: None) -> Venue:
    """Three spots that are chosen."""
    return make_venue(units=3, unit_choice="guest")


@pytest.fixture
def page(
    chromium: Browser, lot: Venue, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Page]:
    """A phone of the narrowest kind, in the dark, before a server with sockets."""
    settings.LIVE_REDIS_URL = ""
    monkeypatch.setattr(events, "_listeners", [consumer.announce])
    with served() as address:
        context = chromium.new_context(
            base_url=address, viewport={"width": 320, "height": 640}, color_scheme="dark"
        )
        page = context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        page.on(
            "console",
            lambda message: faults.append(message.text) if message.type == "error" else None,
        )
        yield page
        context.close()
        assert faults == []


def test_the_picture_follows_a_booking_and_its_end_and_leads_to_the_form(
    page: Page, lot: Venue
) -> None:
    page.goto(f"/venues/{lot.slug}/plan/")
    expect(page.get_by_text("Live: the page follows every change.")).to_be_visible()
    expect(page.get_by_role("link", name="2: Free, Standard")).to_be_visible()
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 320

    page.get_by_text("The same as a table").first.click()
    page.get_by_role("link", name="1: Free").focus()
    soon = timezone.now() + timedelta(minutes=20)
    row = hold(lot, soon, 3, resource=lot.resources.get(name="2").pk)
    expect(page.get_by_role("img", name="2: Taken")).to_be_visible()
    expect(page.get_by_role("link", name="1: Free")).to_be_focused()
    expect(page.get_by_role("row", name="2 Taken")).to_be_visible()
    assert_accessible(page)
    actions.cancel(reservation_id=row.pk, by=DESK)
    expect(page.get_by_role("link", name="2: Free")).to_be_visible()

    page.get_by_role("link", name="1: Free").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("First name")).to_be_visible()
    expect(page.get_by_text("Standard, 1")).to_be_visible()
