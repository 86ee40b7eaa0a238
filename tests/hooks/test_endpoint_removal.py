"""A deleted endpoint is gone at once, and its log goes in batches that no request waits for."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from hooks import endpoint_removal
from hooks.models import Endpoint, EndpointSecret
from notices import batches
from notices.models import Attempt, Delivery
from notices.operations import retention
from tests.api.calling import Api, partner
from tests.factories import make_venue
from tests.guests.factories import PartnerFactory
from tests.hooks.making import PUBLIC, make_delivery, make_endpoint
from tests.hooks.receiver import Receiver, receiving

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]

AT_ONCE, BATCH, LOG = 5, 3, 20


@pytest.fixture
def acme() -> Api:
    return partner(PartnerFactory.create(slug="acme", venues=[make_venue()]))


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    settings.WEBHOOK_ALLOW = ["127.0.0.1/32"]
    with receiving() as found:
        yield found


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Small parts. Returns how many deliveries each transaction deleted."""
    monkeypatch.setattr(endpoint_removal, "AT_ONCE", AT_ONCE)
    done: list[int] = []
    delete = retention.delete_of_lane

    def noted(lane: str, *, batch: int) -> int:
        done.append(delete(lane, batch=batch))
        return done[-1]

    monkeypatch.setattr(retention, "delete_of_lane", noted)
    return done


def logged(endpoint: Endpoint, count: int = LOG) -> list[Delivery]:
    """A log: what was sent, what failed twice, replays of it, and what waits."""
    now = endpoint.created_at
    rows: list[Delivery] = []
    for number in range(count):
        done: dict[str, Any] = {"done_at": now, "outcome": "sent"} if number % 2 else {}
        original = rows[0] if number % 3 == 2 else None
        rows.append(make_delivery(endpoint, f"{endpoint.pk}_{number}", replay_of=original, **done))
        for outcome in ("retry", "sent")[: 1 + number % 2]:
            Attempt.objects.create(delivery=rows[-1], at=now, took_ms=1, outcome=outcome)
    return rows


def test_it_is_gone_at_once_and_its_log_in_batches(
    acme: Api, receiver: Receiver, parts: list[int]
) -> None:
    endpoint, other = make_endpoint(url=receiver.url()), make_endpoint()
    rows = logged(endpoint)
    kept = {row.pk for row in logged(other, 4)}
    tries = Attempt.objects.filter(delivery__in=kept).count()
    path = f"/webhooks/{endpoint.pk}"
    assert acme.send("DELETE", path).status_code == 204
    assert parts == [AT_ONCE]
    assert Delivery.objects.filter(lane=endpoint.lane).count() == LOG - AT_ONCE
    assert not EndpointSecret.objects.filter(endpoint=endpoint.pk).exists()
    calls: list[tuple[str, str, Any]] = [
        ("GET", path, None),
        ("PATCH", path, {"is_active": True}),
        ("DELETE", path, None),
        ("POST", f"{path}/ping", None),
        ("POST", f"{path}/rotate", None),
        ("GET", f"{path}/deliveries", None),
        ("POST", f"{path}/deliveries/{rows[0].pk}/replay", None),
        ("POST", f"{path}/replay", {"since": "2027-01-20T00:00:00Z"}),
    ]
    for method, called, body in calls:
        assert acme.send(method, called, body).status_code == 404, called
    assert [one["id"] for one in acme.get("/webhooks").json()["items"]] == [str(other.pk)]
    assert endpoint_removal.sweep(batch=BATCH) == LOG - AT_ONCE
    assert max(parts[1:]) == BATCH
    assert not Endpoint.every.filter(pk=endpoint.pk).exists()
    assert set(Delivery.objects.values_list("pk", flat=True)) == kept
    assert Attempt.objects.count() == tries
    assert endpoint_removal.sweep(batch=BATCH) == 0
    assert receiver.got == []


def test_what_waits_of_it_is_not_sent(acme: Api, receiver: Receiver, parts: list[int]) -> None:
    endpoint = make_endpoint(url=receiver.url())
    for number in range(9):
        make_delivery(endpoint, str(number))
    acme.post(f"/webhooks/{endpoint.pk}/ping")
    acme.send("DELETE", f"/webhooks/{endpoint.pk}")
    while batches.send_batch(["webhook"]):
        pass
    assert receiver.got == []
    left = Delivery.objects.all()
    assert {(row.outcome, row.tries.get().detail) for row in left} == {
        ("dropped", "the endpoint is deleted")
    }


def test_it_makes_room_for_another(acme: Api, parts: list[int]) -> None:
    wish = {"url": PUBLIC, "events": ["*"]}
    made = [acme.post("/webhooks", wish).json()["id"] for _ in range(5)]
    logged(Endpoint.objects.get(pk=made[0]))
    assert acme.post("/webhooks", wish).status_code == 409
    acme.send("DELETE", f"/webhooks/{made[0]}")
    assert acme.post("/webhooks", wish).status_code == 201


def test_a_short_log_leaves_nothing(acme: Api, parts: list[int]) -> None:
    for count in (0, AT_ONCE):
        endpoint = make_endpoint()
        logged(endpoint, count)
        acme.send("DELETE", f"/webhooks/{endpoint.pk}")
    assert Endpoint.every.count() == Delivery.objects.count() == Attempt.objects.count() == 0


def test_a_sweep_ends_in_time_and_the_next_goes_on(
    acme: Api, parts: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        endpoint = make_endpoint()
        logged(endpoint)
        acme.send("DELETE", f"/webhooks/{endpoint.pk}")
    monkeypatch.setattr(endpoint_removal, "LONGEST", -1.0)
    sweeps = 0
    while endpoint_removal.sweep(batch=BATCH):
        sweeps += 1
    assert sweeps == 2 * (LOG - AT_ONCE) / BATCH
    assert Endpoint.every.count() == Delivery.objects.count() == 0


@pytest.mark.postgres
def test_what_is_being_recorded_is_left_for_the_next_sweep(acme: Api, parts: list[int]) -> None:
    """Its endpoint stays too, or nobody would come back for it."""
    endpoint = make_endpoint()
    row = make_delivery(endpoint)
    make_delivery(endpoint)
    is_held, may_end = threading.Event(), threading.Event()

    def record() -> None:
        try:
            with transaction.atomic():
                Delivery.objects.filter(pk=row.pk).update(outcome="sent")
                is_held.set()
                may_end.wait(60)
                now = endpoint.created_at
                Attempt.objects.create(delivery=row, at=now, took_ms=1, outcome="sent")
        finally:
            connection.close()

    recording = threading.Thread(target=record)
    recording.start()
    try:
        assert is_held.wait(60)
        assert acme.send("DELETE", f"/webhooks/{endpoint.pk}").status_code == 204
        assert list(Delivery.objects.all()) == [row]
        assert endpoint_removal.sweep(batch=BATCH) == 0
        assert Endpoint.every.filter(pk=endpoint.pk).exists()
    finally:
        may_end.set()
        recording.join()
    assert endpoint_removal.sweep(batch=BATCH) == 1
    assert Endpoint.every.count() == Delivery.objects.count() == Attempt.objects.count() == 0
