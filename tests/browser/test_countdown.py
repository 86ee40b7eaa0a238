"""The countdown of a hold goes by the server's clock, whatever the clock of the device says."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from reservations.models import Reservation
from tests.browser.test_back import hold_tomorrow
from tests.factories import make_venue
from venues.models import Venue

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# A device whose clock is wrong by a fixed time, and runs evenly.
_WRONG = """
const wrong = %d * 3600000;
const RightDate = Date;
Date = class extends RightDate {
  constructor(...given) { given.length ? super(...given) : super(RightDate.now() + wrong); }
  static now() { return RightDate.now() + wrong; }
};
"""


@pytest.fixture(params=[-30, 0, 30], ids=["slow", "right", "fast"])
def page(
    chromium: Browser, live_server: LiveServer, request: pytest.FixtureRequest
) -> Iterator[Page]:
    """A page of a device whose clock is so many hours wrong."""
    context = chromium.new_context(base_url=live_server.url)
    context.set_default_timeout(60_000)
    context.add_init_script(_WRONG % request.param)
    page = context.new_page()
    page.goto("/")
    shift = page.evaluate("Date.now()") / 1000 - timezone.now().timestamp()
    assert abs(shift - request.param * 3600) < 1800
    yield page
    context.close()


@pytest.fixture
def bistro(transactional_db: None) -> Venue:
    made = make_venue("restaurant", step=None, hold_time=timedelta(minutes=90))
    Venue.objects.filter(pk=made.pk).update(phone_region="NL")
    return Venue.objects.get(pk=made.pk)


def seconds_left() -> float:
    until = Reservation.objects.get().hold_expires_at
    assert until is not None
    return (until - timezone.now()).total_seconds()


def test_it_shows_the_time_that_is_left(page: Page, bistro: Venue) -> None:
    hold_tomorrow(page, bistro)
    clock = page.get_by_role("timer")
    expect(clock).to_be_visible()
    minutes, seconds = (int(part) for part in clock.inner_text().split(":"))
    # A busy machine may take minutes over it, the clock is wrong by more than a day.
    assert abs(60 * minutes + seconds - seconds_left()) < timedelta(minutes=10).total_seconds()
