"""The desk is told of what was taken back by others."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from freezegun.api import FrozenDateTimeFactory

from payments.providers.fake_stripe.server import FakeStripe
from tests.admin.browsing import address, browser_of, text_of
from tests.guests.factories import StaffFactory
from tests.payments.cards import begin, held
from tests.payments.stripe_api.paying import press, report, settled, taking_cards

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def cards(fake: FakeStripe) -> Iterator[None]:
    with taking_cards(fake):
        yield


def page(desk: Client, path: str) -> str:
    return text_of(desk.get(path))


def test_refunds_and_disputes_of_others_are_told(
    fake: FakeStripe, frozen: FrozenDateTimeFactory
) -> None:
    row = held()
    desk = browser_of(StaffFactory.create(clerk_at=[row.venue]))
    checkout = begin(row)
    press(checkout)
    settled(checkout)
    assert "Taken back" not in page(desk, "/admin/refunds/") + page(desk, "/admin/today/")
    fake.refund(checkout.ref, 300)
    report(fake)
    frozen.tick(timedelta(hours=1))
    fake.dispute(checkout.ref, 200)
    report(fake)
    assert "Taken back by others: 2" in page(desk, "/admin/today/")
    told = page(desk, "/admin/refunds/")
    assert told.index("Disputed at the guest") < told.index("Given back at the provider")
    assert told.count(row.code) >= 2 and "3.00" in told and "2.00" in told
    folio = page(desk, address("change", row))
    assert "provider:stripe" in folio and "disputed at the guest" in folio
    # Other venues are told nothing, and nobody is told for ever.
    elsewhere = browser_of(StaffFactory.create(clerk_at=[held().venue]))
    assert row.code not in page(elsewhere, "/admin/refunds/")
    frozen.tick(timedelta(days=31))
    assert "Taken back" not in page(desk, "/admin/refunds/")
