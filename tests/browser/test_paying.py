"""From the first page to paid and confirmed in a real browser, with scripts and without.

What is shown as price, tax, deposit and fee is what is charged.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, ConsoleMessage, Page, expect
from pytest_django.live_server_helper import LiveServer

from payments.models import Checkout, FakeCharge, Refund
from payments.posting import post_waiting
from reservations.models import Reservation
from tests.browser.accessibility import assert_accessible
from tests.factories import add_hours, make_venue
from venues.models import PaymentTerm, TaxRule, Venue

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NARROWEST = 320

KINDS = ("hotel", "restaurant", "parking", "practice")


@pytest.fixture(autouse=True)
def _fake(settings: Any, live_server: LiveServer) -> None:
    settings.PAYMENTS = {"fake": {"class": "payments.providers.fake.Fake"}}
    settings.PUBLIC_URL = live_server.url


@pytest.fixture(params=[True, False], ids=["scripts", "no_scripts"])
def page(
    request: pytest.FixtureRequest, chromium: Browser, live_server: LiveServer
) -> Iterator[Page]:
    """A page of a fresh visitor on a narrow screen; it fails when the policy refuses anything."""
    context = chromium.new_context(
        base_url=live_server.url,
        java_script_enabled=request.param,
        viewport={"width": NARROWEST, "height": 700},
        color_scheme="dark" if request.param else "light",
    )
    context.set_default_timeout(60_000)
    opened = context.new_page()
    faults: list[str] = []

    def said(message: ConsoleMessage) -> None:
        if "Content Security" in message.text:
            faults.append(message.text)

    opened.on("console", said)
    opened.on("pageerror", lambda fault: faults.append(str(fault)))
    yield opened
    context.close()
    assert faults == []


def venue_of(kind: str) -> Venue:
    """A place that asks for 30 % in advance, and half of the price for cancelling at any time."""
    made = make_venue(
        kind, units=2, confirms_at_once=False, cancel_deadline=timedelta(days=99),
        cancel_fee_percent=50, state_change_rate="20/m",
        **({"unit_schedules": False} if kind == "practice" else {}),
    )  # fmt: skip
    if kind == "practice":
        add_hours(made, time(0), time(0))
    PaymentTerm.objects.create(venue=made, kind=PaymentTerm.Asks.DEPOSIT, percent=30)
    TaxRule.objects.create(
        venue=made, code="vat", name="VAT", basis="room", rate_bp=900, included=True
    )
    Venue.objects.filter(pk=made.pk).update(name=f"Place {kind}", phone_region="NL")
    return Venue.objects.get(pk=made.pk)


def query_of(kind: str) -> str:
    day = (timezone.now() + timedelta(days=5)).date()
    if kind == "hotel":
        return f"check_in={day}&check_out={day + timedelta(days=2)}&guests=2"
    start = datetime.combine(day, time(12), UTC)
    if kind == "practice":
        return f"starts_at={start:%Y-%m-%dT%H:%M:%SZ}&guests=1"
    end = start + timedelta(hours=2)
    return f"starts_at={start:%Y-%m-%dT%H:%M:%SZ}&ends_at={end:%Y-%m-%dT%H:%M:%SZ}&guests=1"


def fits(page: Page, *, has_scripts: bool) -> None:
    if has_scripts:
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") == NARROWEST


def euros(minor: int) -> str:
    return f"€{minor / 100:.2f}"


@pytest.mark.parametrize("kind", KINDS)
def test_a_guest_pays_the_deposit_and_is_charged_what_was_shown(
    page: Page, request: pytest.FixtureRequest, kind: str
) -> None:
    has_scripts = "no_scripts" not in request.node.name
    venue = venue_of(kind)
    page.goto("/")
    page.get_by_role("link", name=venue.name, exact=True).click()
    expect(page.get_by_role("heading", name=venue.name)).to_be_visible()
    page.goto(f"/venues/{venue.slug}/book/?{query_of(kind)}")
    fits(page, has_scripts=has_scripts)
    shown = page.inner_text("main")
    page.get_by_label("First name").fill("Ada")
    page.get_by_label("Last name").fill("Lovelace")
    page.get_by_label("Phone number").fill("020 123 4567")
    page.get_by_role("button", name=re.compile("Hold this for me")).click()
    expect(page.get_by_role("heading", name="Pay to make it yours")).to_be_visible()
    fits(page, has_scripts=has_scripts)

    row = Reservation.objects.get()
    deposit = row.due_now_minor
    assert deposit == round(row.price_minor * 0.3)
    for amount in (row.price_minor, deposit, row.cancel_fee_minor):
        assert euros(amount) in shown
    held = page.inner_text("main")
    assert euros(row.price_minor) in held and "VAT" in held
    page.get_by_role("button", name=f"Pay {euros(deposit)}").click()
    expect(page.get_by_role("heading", name=f"Pay {euros(deposit)}")).to_be_visible()
    page.locator("button[name=outcome][value=decline]").click()
    expect(page.get_by_text("did not go through")).to_be_visible()
    fits(page, has_scripts=has_scripts)
    page.get_by_role("button", name=f"Pay {euros(deposit)}").click()
    page.locator("button[name=outcome][value=pay]").click()
    expect(page.get_by_role("heading", name="It is yours")).to_be_visible()
    expect(page.get_by_text(f"received your payment of {euros(deposit)}")).to_be_visible()
    fits(page, has_scripts=has_scripts)

    row.refresh_from_db()
    assert row.confirmed_at is not None and row.paid_minor == deposit
    assert [one.captured_minor for one in FakeCharge.objects.order_by("pk")] == [0, deposit]
    # The rest, then the way back: fee and refund are those that were shown.
    page.get_by_role("button", name=f"Pay {euros(row.price_minor - deposit)}").click()
    page.locator("button[name=outcome][value=authenticate]").click()
    expect(page.get_by_text("We have received your payment")).to_be_visible()
    page.get_by_role("link", name=f"Cancel for {euros(row.cancel_fee_minor)}").click()
    back = row.price_minor - row.cancel_fee_minor
    expect(page.get_by_text(f"Cancelling now costs {euros(row.cancel_fee_minor)}")).to_be_visible()
    expect(page.get_by_text(f"{euros(back)} goes back to your card by itself.")).to_be_visible()
    fits(page, has_scripts=has_scripts)
    page.get_by_role("button", name="Cancel the reservation").click()
    expect(page.get_by_role("heading", name="This reservation is cancelled")).to_be_visible()
    post_waiting()
    assert sum(one.amount_minor for one in Refund.objects.all()) == back
    assert Checkout.objects.filter(state="captured").count() == 2
