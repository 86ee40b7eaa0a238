"""Receivers that drip a byte a second delay neither the good ones nor the sweeps.

The deployed product, with a worker of its own for deliveries: tests/faults/test_webhooks_killed.py.
"""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from pytest_django import Settings

from config import embedded
from hooks import sender
from notices import batches, claims, outbound_http
from notices.models import Delivery
from reservations.tasks import expire_holds
from tests.guests.factories import PartnerFactory
from tests.hooks.making import make_delivery, make_endpoint
from tests.hooks.receiver import Receiver, receiving

pytestmark = pytest.mark.django_db(transaction=True)

GOOD, SLOW, MANY = 20, 30, 100


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    settings.WEBHOOK_ALLOW = ["127.0.0.1/32"]
    settings.WEBHOOK_TIMEOUT = 1
    with receiving() as found:
        yield found


@pytest.fixture
def crowd(receiver: Receiver) -> Receiver:
    """Thirty that drip, and twenty good ones beside them, each with its endpoint."""
    PartnerFactory.create(slug="acme")
    for number in range(SLOW):
        receiver.at[f"/slow{number}"] = receiver.drip
        make_delivery(make_endpoint("acme", receiver.url(f"/slow{number}")), key=f"slow{number}")
    for number in range(GOOD):
        make_delivery(make_endpoint("acme", receiver.url(f"/good{number}")), key=f"good{number}")
    return receiver


def sent() -> set[str]:
    found = Delivery.objects.filter(outcome="sent")
    return set(found.values_list("message_id", flat=True))


GOOD_ONES = {f"good{number}" for number in range(GOOD)}


def test_one_batch_serves_the_good_ones_and_ends_by_its_deadline(crowd: Receiver) -> None:
    begun = time.monotonic()
    assert batches.send_batch(["webhook"]) == GOOD + SLOW
    assert time.monotonic() - begun < claims.DEADLINE.total_seconds() + 10
    assert sent() == GOOD_ONES
    assert Delivery.objects.waiting().count() == SLOW
    told = {row.tries.get().detail for row in Delivery.objects.waiting()}
    assert told <= {"no whole answer in time", "no answer in time"}


def test_the_deadline_of_a_batch_ends_what_drips(
    crowd: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "DEADLINE", timedelta(seconds=3))
    begun = time.monotonic()
    batches.send_batch(["webhook"])
    assert time.monotonic() - begun < 15
    assert sent() == GOOD_ONES


def test_more_that_drip_than_a_batch_holds_starve_no_good_one(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of the hundred has more that waits, and has waited for longer."""
    monkeypatch.setattr(outbound_http, "SLACK", timedelta(seconds=0.2))
    monkeypatch.setattr(claims, "_last_turns", {})
    hour = timedelta(hours=1)
    PartnerFactory.create(slug="acme")
    for number in range(MANY):
        receiver.at[f"/slow{number}"] = receiver.drip
        slow = make_endpoint("acme", receiver.url(f"/slow{number}"), failures=sender.FAILING)
        for again in range(3):
            key = f"slow{number}_{again}"
            make_delivery(slow, key=key, next_try_at=slow.created_at - hour)
    for number in range(GOOD):
        make_delivery(make_endpoint("acme", receiver.url(f"/good{number}")), key=f"good{number}")
    for _ in range(2):
        batches.send_batch(["webhook"])
    assert sent() == GOOD_ONES


def test_embedded_a_thread_of_their_own_holds_no_sweep_up(
    crowd: Receiver, settings: Settings
) -> None:
    # Longer than the sweeps of this test take on any machine.
    settings.WEBHOOK_TIMEOUT = 14
    ending = threading.Event()

    def send() -> None:
        try:
            embedded._deliver("sender of webhooks", ending)
        finally:
            connection.close()

    thread = threading.Thread(target=send)
    thread.start()
    try:
        # While the thirty drip, sweeps are carried out, and the good ones served.
        swept = 0
        end = time.monotonic() + 60
        while (sent() != GOOD_ONES or swept < 3) and time.monotonic() < end:
            expire_holds()
            swept += 1
        assert Delivery.objects.waiting().exclude(claimed_by="").count() == SLOW
    finally:
        ending.set()
        embedded.wake_senders()
        crowd.ended.set()
        thread.join(60)
    assert sent() == GOOD_ONES
