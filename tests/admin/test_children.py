"""Staff see and change the ages of children, and see what partners say of a reservation."""

import pytest
from django.test import Client

from guests.callers import Caller
from reservations.models import Reservation
from tests.admin.browsing import address, said, text_of
from tests.admin.test_modify import change
from tests.factories import NOON, hold, make_venue
from tests.guests.factories import StaffFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

ACME = Caller(kind="partner", name="partner:acme", partner="acme", venue_ids=None)


def test_staff_put_ages_right_and_see_what_the_partner_says(client: Client) -> None:
    venue = make_venue("restaurant")
    client.force_login(StaffFactory.create(staff_venues=[venue]))
    row = hold(
        venue, NOON, by=ACME, guest_count=3, children=(4,), reference="A-1",
        metadata={"channel": "app"},
    )  # fmt: skip
    page = text_of(client.get(address("change", row)))
    assert all(text in page for text in ("3 (children: 4)", "A-1", "channel: app"))
    assert said(change(client, row, children="4, 9")) == [f"{row.code} is changed."]
    after = Reservation.objects.get()
    assert (after.guest_count, after.children) == (3, [4, 9])
    assert "There are more children than guests." in change(client, row, guest_count="1")
