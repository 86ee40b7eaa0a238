"""A file is asked for, followed without a reload and downloaded, also without a script."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from guests import callers
from guests.models import User
from tests.browser.accessibility import assert_accessible
from tests.factories import hold, make_venue
from tests.guests.factories import StaffFactory, UserFactory
from tests.notices.test_exports import finish
from tests.notices.test_exports import folder as folder  # noqa: PLC0414

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("folder"),
]


@pytest.fixture
def user() -> User:
    user = UserFactory.create()
    hold(make_venue(unit_choice="guest", horizon=None), by=callers.for_user(user))
    return user


@pytest.fixture
def plain(chromium: Browser, live_server: LiveServer) -> Iterator[Page]:
    """A page without scripts."""
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False)
    yield context.new_page()
    context.close()


def log_in(context: BrowserContext, user: User, server: LiveServer) -> None:
    client = Client()
    client.force_login(user, backend="config.page_log_in.HeldBack")
    session = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": server.url}])


def test_the_page_says_that_the_file_is_ready(
    page: Page, user: User, live_server: LiveServer
) -> None:
    log_in(page.context, user, live_server)
    page.goto("/me/parking/")
    assert_accessible(page)
    page.get_by_role("button", name="Export my parking (CSV)").click()
    expect(page.get_by_text("Being written")).to_be_visible()
    assert_accessible(page)
    page.evaluate("window.isTheSame = true")
    finish()
    # There is no socket here, so the page asks.
    expect(page.locator("#exports-say")).to_have_text("Your file is ready.")
    assert page.evaluate("window.isTheSame")
    assert_accessible(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download (CSV, 1 row)").click()
    assert Path(download.value.path()).read_text().startswith("reservation,slot_id,")


def test_it_works_without_scripts(plain: Page, user: User, live_server: LiveServer) -> None:
    log_in(plain.context, user, live_server)
    plain.goto("/me/parking/")
    plain.get_by_role("button", name="Export my parking (CSV)").click()
    finish()
    plain.get_by_role("link", name="Look again").click()
    expect(plain.get_by_role("link", name="Download it")).to_be_visible()


def test_a_manager_sees_it_at_the_desk(page: Page, live_server: LiveServer) -> None:
    venue = make_venue("restaurant", horizon=None)
    hold(venue)
    log_in(page.context, StaffFactory.create(staff_venues=[venue]), live_server)
    page.goto("/admin/charts/")
    page.get_by_role("link", name="Reservations as a file").click()
    assert_accessible(page)
    page.get_by_role("button", name="Write a file (CSV)").click()
    finish()
    expect(page.get_by_role("link", name="Download")).to_be_visible()
    assert_accessible(page)
