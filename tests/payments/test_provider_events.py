"""What providers report, and what they do not: each payment is settled all the same."""

from datetime import timedelta
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory

from payments import (
    doctor,
    provider_events,
    sweeps,
)
from payments.models import ProviderEvent
from payments.outside import overdue
from payments.providers.fake import Fake, succeeded
from payments.providers.protocol import BadSignature
from reservations import clock
from tests.payments.cards import (
    begin,
    fresh,
    held,
    press,
    settle,
)

pytestmark = pytest.mark.django_db(transaction=True)


def agree() -> None:
    assert list(doctor.differences()) == []


def test_a_webhook_settles_before_the_guest_is_back() -> None:
    checkout = begin(held())
    press(checkout)
    headers, body = Fake().signed([{"id": "e1", "type": "x", "ref": checkout.ref}])
    assert provider_events.receive("fake", headers, body) == 1
    assert provider_events.receive("fake", headers, body) == 0
    assert provider_events.handle_waiting() == 1
    checkout.refresh_from_db()
    assert checkout.state == "captured"
    assert settle(checkout) == "captured"
    assert provider_events.handle_waiting() == 0


def test_a_webhook_after_the_guest_is_back_changes_nothing() -> None:
    row = held()
    checkout = begin(row)
    press(checkout)
    settle(checkout)
    before = fresh(row).version
    provider_events.store("fake", [succeeded(checkout.ref)])
    assert provider_events.handle_waiting() == 1
    assert fresh(row).version == before
    agree()


def test_without_a_webhook_the_sweep_asks(frozen: FrozenDateTimeFactory) -> None:
    checkout = begin(held())
    press(checkout)
    frozen.tick(sweeps.AGE - timedelta(seconds=1))
    assert sweeps.settle_open() == 0
    frozen.tick(timedelta(seconds=1))
    assert sweeps.settle_open() == 1
    checkout.refresh_from_db()
    assert checkout.state == "captured"


def test_a_late_payment_is_found_by_the_sweep(frozen: FrozenDateTimeFactory) -> None:
    checkout = begin(held())
    press(checkout, "late")
    assert settle(checkout) == "open"
    frozen.tick(timedelta(seconds=60))
    sweeps.settle_open()
    checkout.refresh_from_db()
    assert checkout.state == "captured"


def test_an_event_of_a_payment_that_is_not_ours_is_done_with() -> None:
    provider_events.store("fake", [succeeded("somebody")])
    assert provider_events.handle_waiting() == 1


def test_events_are_kept_for_ninety_days(frozen: FrozenDateTimeFactory) -> None:
    provider_events.store("fake", [succeeded("x")])
    frozen.tick(timedelta(days=90))
    assert provider_events.forget_old(clock.now()) == 0
    frozen.tick(timedelta(seconds=1))
    assert provider_events.forget_old(clock.now()) == 1


def test_an_event_that_cannot_be_handled_keeps_no_other_back(
    frozen: FrozenDateTimeFactory,
) -> None:
    at = clock.now()
    ProviderEvent.objects.create(
        provider="gone", event_id="e1", type="paid", ref="x", received_at=at
    )
    row = held()
    checkout = begin(row)
    press(checkout)
    frozen.tick(timedelta(minutes=3))
    sweeps.settle_open()
    assert not ProviderEvent.objects.get(event_id="e1").handled_at
    assert fresh(row).confirmed_at


def test_events_that_cannot_be_handled_are_tried_ever_later_and_keep_no_batch(
    frozen: FrozenDateTimeFactory, settings: Any
) -> None:
    settings.SWEEP_BATCH = 3
    at = clock.now()
    ProviderEvent.objects.bulk_create(
        ProviderEvent(provider="gone", event_id=f"e{n}", type="paid", ref="x", received_at=at)
        for n in range(6)
    )
    provider_events.store("fake", [succeeded("somebody")])
    assert [provider_events.handle_waiting() for _ in range(4)] == [0, 0, 1, 0]
    waiting = ProviderEvent.objects.filter(handled_at__isnull=True)
    assert {one.tries for one in waiting} == {1}
    for _ in range(12):
        frozen.tick(provider_events.LATEST)
        for _ in range(2):
            provider_events.handle_waiting()
    assert {one.tries for one in waiting.all()} == {13}
    lengths = {one.next_try_at - clock.now() for one in waiting.all() if one.next_try_at}
    assert lengths == {provider_events.LATEST}
    assert sum("not handled after 13 tries" in one for one in overdue.told(clock.now())) == 6


@pytest.mark.parametrize(
    "told", ["é", "٣", "", "\udce9"], ids=["accent", "digit", "nothing", "surrogate"]
)
def test_a_signature_of_any_letters_is_refused(told: str) -> None:
    stamp = int(clock.now().timestamp())
    with pytest.raises(BadSignature):
        Fake().parse({"Fake-Signature": f"t={stamp},v1={told}"}, b"{}")
