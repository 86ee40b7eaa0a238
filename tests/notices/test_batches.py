"""Each channel sends at its own pace: a slow one keeps no other from sending."""

import asyncio
import threading
from collections.abc import Sequence

import pytest
from django.db import connection
from pytest_django import Settings

from notices import batches, channels, claims
from notices.channels import Report, Result
from notices.models import Delivery
from notices.models.delivery import Outcome
from tests.notices.test_claims import Recording, add, draft

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 60.0
"""Seconds for which a test waits before it fails."""


class Slow(Recording):
    """A sender whose batches last until the test lets them end."""

    def __init__(self) -> None:
        super().__init__()
        self.has_begun, self.may_end = threading.Event(), threading.Event()

    async def send(self, deliveries: Sequence[Delivery], report: Report) -> None:
        self.has_begun.set()
        await asyncio.to_thread(self.may_end.wait)
        await super().send(deliveries, report)


class Noting(Recording):
    """A sender that says when it has sent."""

    def __init__(self) -> None:
        super().__init__()
        self.has_sent = threading.Event()

    async def send(self, deliveries: Sequence[Delivery], report: Report) -> None:
        await super().send(deliveries, report)
        self.has_sent.set()


class Broken(Recording):
    def quota(self, lane: str) -> int:
        raise LookupError


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Noting:
    monkeypatch.setattr(channels, "_senders", {})
    monkeypatch.setattr(batches, "LOOK", 0.05)
    noting = Noting()
    channels.register("mail", noting)
    return noting


def delivering(seconds: float) -> threading.Thread:
    """A thread that sends as a task of the worker does."""

    def work() -> None:
        try:
            batches.send_for(seconds)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


@pytest.mark.parametrize("channel", ["webhook", "sms", "chat"])
def test_what_comes_while_a_channel_is_slow_leaves_at_once(quick: Noting, channel: str) -> None:
    slow = Slow()
    channels.register(channel, slow)
    add(draft("slow", channel=channel, lane=channel))
    thread = delivering(PATIENCE)
    try:
        assert slow.has_begun.wait(PATIENCE)
        for number in range(2):
            quick.has_sent.clear()
            add(draft(str(number)))
            assert quick.has_sent.wait(PATIENCE)
        assert slow.sent == []
    finally:
        slow.may_end.set()
        thread.join(PATIENCE)
    assert not thread.is_alive()
    assert len(slow.sent) == 1
    assert set(Delivery.objects.values_list("outcome", flat=True)) == {"sent"}


def test_all_is_sent_batch_after_batch_and_then_it_ends(quick: Noting) -> None:
    other = Recording()
    channels.register("webhook", other)
    many = 2 * claims.MOST + 1
    add(*(draft(str(n), lane=str(n)) for n in range(many)))
    add(draft("hook", channel="webhook", lane="hook"))
    batches.send_for(PATIENCE)
    assert (len(quick.sent), len(other.sent)) == (many, 1)


def test_after_its_time_no_batch_begins(quick: Noting) -> None:
    add(draft("a"))
    batches.send_for(0)
    assert quick.sent == []
    assert Delivery.objects.get().attempts == 0


def test_a_channel_that_fails_keeps_no_other_back(quick: Noting) -> None:
    channels.register("sms", Broken())
    add(draft("a"), draft("b", channel="sms", lane="sms"))
    with pytest.raises(LookupError):
        batches.send_for(PATIENCE)
    assert len(quick.sent) == 1


def test_switched_off_or_with_nothing_due_no_channel_is_asked(
    quick: Noting, settings: Settings
) -> None:
    batches.send_for(PATIENCE)
    settings.NOTICES = False
    add(draft("a"))
    batches.send_for(PATIENCE)
    assert quick.sent == []


def test_a_result_is_of_its_own_channel(quick: Noting) -> None:
    refusing = Recording()
    refusing.result = Result(outcome=Outcome.FAILED)
    channels.register("webhook", refusing)
    add(draft("a"), draft("b", channel="webhook", lane="hook"))
    batches.send_for(PATIENCE)
    found = dict(Delivery.objects.values_list("channel", "outcome"))
    assert found == {"mail": "sent", "webhook": "failed"}
