"""The door of the house."""

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_admin_asks_who_one_is(page: Page) -> None:
    page.goto("/admin/")
    expect(page.get_by_label("Password")).to_be_visible()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    # The style sheet arrived too, or the page would be bare.
    assert page.evaluate("document.styleSheets.length") > 0
