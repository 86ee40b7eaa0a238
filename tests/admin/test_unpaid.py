"""What must be paid first: the desk gives a reason, or records a payment."""

import pytest
from django.test import Client
from django.urls import reverse

from reservations.models import Reservation
from tests.admin.browsing import browser_of, text_of
from tests.guests.factories import StaffFactory
from tests.payments.cards import fresh, held, table
from tests.reservations.facts import DAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(frozen: object) -> Reservation:
    return held(table(early_check_in=2 * DAY))


@pytest.fixture
def clerk(row: Reservation) -> Client:
    return browser_of(StaffFactory.create(clerk_at=[row.venue]))


@pytest.mark.parametrize("verb", ["confirm", "check_in"])
def test_the_desk_is_asked_for_a_reason(row: Reservation, clerk: Client, verb: str) -> None:
    url = reverse(f"admin:reservations_reservation_{verb}", args=[row.pk])
    refused = clerk.post(url)
    assert refused.status_code == 409
    assert "10.00" in text_of(refused)
    assert fresh(row).confirmed_at is None
    assert clerk.post(url, {"override_reason": "a regular"}).status_code == 302
    done = fresh(row)
    assert done.confirmed_at
    assert done.due_now_minor == 0
    told = [event.data.get("override_reason") for event in done.events.all()]
    assert "a regular" in told
