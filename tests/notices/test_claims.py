"""Deliveries are claimed with a lease, and results recorded by compare-and-set."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from pytest_django import Settings

from notices import batches, channels, claims, outgoing
from notices.channels import RETRY, Report, Result
from notices.models import Attempt, Delivery
from notices.models.delivery import Outcome

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Recording:
    """A sender that notes what it was given, and answers as it is told."""

    pauses = (timedelta(0), timedelta(seconds=5), 5 * MINUTE)

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.result: Result | None = Result(outcome=Outcome.SENT)
        self.quotas: dict[str, int] = {}
        self.pause = 0.0

    def quota(self, lane: str) -> int:
        return self.quotas.get(lane, 25)

    async def send(self, deliveries: Sequence[Delivery], report: Report) -> None:
        for each in deliveries:
            await asyncio.sleep(self.pause)
            self.sent.append(each.pk)
            if self.result:
                await report(each, self.result)


@pytest.fixture
def sender(monkeypatch: pytest.MonkeyPatch) -> Recording:
    monkeypatch.setattr(channels, "_senders", {})
    monkeypatch.setattr(claims, "_last_turns", {})
    recording = Recording()
    channels.register("mail", recording)
    return recording


@pytest.fixture
def frozen() -> Iterator[FrozenDateTimeFactory]:
    with freeze_time(NOON, real_asyncio=True) as frozen:
        assert isinstance(frozen, FrozenDateTimeFactory)
        yield frozen


def draft(name: str, *, lane: str = "mail", **fields: object) -> Delivery:
    values: dict[str, object] = {
        "kind": "letter",
        "channel": "mail",
        "lane": lane,
        "to": "guest@example.com",
        "dedupe": name,
        "created_at": NOON,
        "next_try_at": NOON,
    }
    return Delivery(**(values | fields))


def add(*drafts: Delivery) -> None:
    with transaction.atomic():
        outgoing.add(drafts)


pytestmark = pytest.mark.django_db(transaction=True)


def test_a_delivery_is_added_once(sender: Recording, frozen: FrozenDateTimeFactory) -> None:
    add(draft("a"), draft("b"))
    add(draft("a"), draft("c"))
    assert Delivery.objects.count() == 3
    assert batches.send_batch() == 3
    assert batches.send_batch() == 0
    assert len(sender.sent) == 3
    assert set(Delivery.objects.values_list("outcome", flat=True)) == {"sent"}
    assert Attempt.objects.count() == 3


def test_adding_wakes_the_sender_after_the_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[int] = []
    monkeypatch.setattr(outgoing, "_listeners", [lambda: woken.append(1)])
    with transaction.atomic():
        outgoing.add([draft("a")])
        assert woken == []
    assert woken == [1]


def test_a_claim_is_not_given_twice_and_ends_with_its_lease(
    sender: Recording, frozen: FrozenDateTimeFactory
) -> None:
    add(draft("a"))
    (mine,) = claims.claim(by="me", only=["mail"])
    assert claims.claim(by="you", only=["mail"]) == []
    frozen.tick(claims.LEASE)
    (yours,) = claims.claim(by="you", only=["mail"])
    assert not claims.record(mine, Result(outcome=Outcome.SENT))
    assert claims.record(yours, Result(outcome=Outcome.SENT))
    assert Attempt.objects.count() == 1


def test_looking_for_nothing_takes_one_read_and_no_lock(
    sender: Recording, frozen: FrozenDateTimeFactory, django_assert_num_queries: Any
) -> None:
    add(draft("later", next_try_at=NOON + MINUTE))
    with django_assert_num_queries(1):
        assert claims.claim(by="me", only=["mail"]) == []


def test_two_workers_at_once_claim_each_delivery_once(sender: Recording) -> None:
    add(*(draft(str(n), lane=f"mail:{n % 7}") for n in range(100)))
    claimed: list[int] = []
    guard, start = threading.Lock(), threading.Barrier(4)

    def work(name: str) -> None:
        start.wait()
        try:
            while rows := claims.claim(by=name, only=["mail"], most=9):
                with guard:
                    claimed.extend(row.pk for row in rows)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(str(n),)) for n in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(claimed) == len(set(claimed))
    # A worker may have seen nothing free for a moment; what is left is claimed afterwards.
    while rows := claims.claim(by="last", only=["mail"]):
        claimed.extend(row.pk for row in rows)
    assert len(set(claimed)) == 100


def test_a_failed_try_is_repeated_after_each_pause_and_then_ends(
    sender: Recording, frozen: FrozenDateTimeFactory
) -> None:
    add(draft("a"))
    sender.result = Result(outcome=RETRY, status=451, detail="later")
    for pause in sender.pauses:
        frozen.tick(pause * (1 + claims.SPREAD))
        assert batches.send_batch() == 1
        assert batches.send_batch() == 0
    row = Delivery.objects.get()
    assert (row.outcome, row.attempts) == (Outcome.FAILED, 3)
    assert list(Attempt.objects.values_list("status", flat=True)) == [451] * 3


def test_what_the_receiver_asks_for_replaces_the_pause(
    sender: Recording, frozen: FrozenDateTimeFactory
) -> None:
    add(draft("a"))
    sender.result = Result(outcome=RETRY, retry_after=timedelta(hours=2))
    batches.send_batch()
    assert Delivery.objects.get().next_try_at == NOON + timedelta(hours=2)


def test_what_is_useful_no_more_is_not_sent(
    sender: Recording, frozen: FrozenDateTimeFactory
) -> None:
    add(draft("late", useful_until=NOON), draft("timely", useful_until=NOON + MINUTE))
    assert batches.send_batch() == 1
    assert Delivery.objects.get(dedupe="late").outcome == Outcome.DROPPED
    assert Delivery.objects.get(dedupe="timely").outcome == Outcome.SENT


def test_a_full_lane_holds_no_other_back(sender: Recording, frozen: FrozenDateTimeFactory) -> None:
    sender.quotas["slow"] = 3
    add(*(draft(f"slow {n}", lane="slow") for n in range(200)))
    add(draft("good", lane="good", next_try_at=NOON))
    names = [row.dedupe for row in claims.claim(by="me", only=["mail"], most=10)]
    assert "good" in names
    assert len(names) == 4


@pytest.mark.parametrize("busy", [30, 64, 130])
def test_lanes_that_are_busy_take_no_place_in_a_batch(
    sender: Recording, frozen: FrozenDateTimeFactory, busy: int
) -> None:
    """Whatever waits longest: a lane with nothing to give is not one of those of a batch."""
    sender.quotas = {f"busy {n}": 0 for n in range(busy)}
    add(*(draft(name, lane=name, next_try_at=NOON - MINUTE) for name in sender.quotas))
    add(*(draft(f"good {n}", lane=f"good {n}") for n in range(5)))
    rows = claims.claim(by="me", only=["mail"])
    assert {row.lane for row in rows} == {f"good {n}" for n in range(5)}


@pytest.mark.parametrize(
    ("slow", "good", "most"), [(30, 5, 64), (64, 1, 64), (100, 20, 64), (200, 7, 64), (9, 9, 1)]
)
def test_each_lane_has_its_turn_however_many_wait_longer(
    sender: Recording, frozen: FrozenDateTimeFactory, slow: int, good: int, most: int
) -> None:
    """Each batch is tried and fails, and every slow lane has more that waits longer than the good.

    A lane waits for no more batches than all lanes fill with one delivery of each.
    """
    lanes = [f"slow {n}" for n in range(slow)]
    sender.quotas = dict.fromkeys(lanes, 1)
    rounds = -(-(slow + good) // most)
    old = NOON - MINUTE
    add(
        *(draft(f"{lane} {n}", lane=lane, next_try_at=old) for lane in lanes for n in range(rounds))
    )
    add(*(draft(f"good {n}", lane=f"good {n}") for n in range(good)))
    served: set[str] = set()
    for _ in range(rounds):
        rows = claims.claim(by="me", only=["mail"], most=most)
        served.update(row.lane for row in rows)
        for row in rows:
            claims.record(row, Result(outcome=RETRY, retry_after=timedelta(hours=1)))
    assert served == {*lanes, *(f"good {n}" for n in range(good))}


def test_few_turns_are_remembered(
    sender: Recording, frozen: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "MOST_TURNS", 10)
    for number in range(25):
        add(draft(str(number), lane=str(number)))
        assert len(claims.claim(by="me", only=["mail"])) == 1
        assert 1 <= len(claims._last_turns) <= 10


def test_a_batch_that_dies_again_and_again_is_given_up(
    sender: Recording, frozen: FrozenDateTimeFactory
) -> None:
    add(draft("a"))
    for _ in sender.pauses:
        assert len(claims.claim(by="dies", only=["mail"])) == 1
        frozen.tick(claims.LEASE)
    assert claims.claim(by="dies", only=["mail"]) == []
    assert Delivery.objects.get().outcome == Outcome.FAILED


def test_a_sender_that_fails_or_is_too_slow_loses_nothing(
    sender: Recording, frozen: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(draft("a"))
    monkeypatch.setattr(claims, "DEADLINE", timedelta(seconds=0.05))
    sender.pause = 60.0
    assert batches.send_batch() == 1
    row = Delivery.objects.get()
    assert (row.done_at, row.next_try_at) == (None, NOON + claims.LEASE)
    assert Attempt.objects.get().outcome == RETRY


def test_a_result_is_recorded_alone_and_at_once(
    sender: Recording, frozen: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that waits for others is lost with all of them when one of them is."""
    recorded = claims._record

    def fails_at_the_fifth(delivery: Delivery, result: Result) -> str:
        outcome = recorded(delivery, result)
        if delivery.dedupe == "5":
            raise RuntimeError
        return outcome

    async def answered_together(deliveries: Sequence[Delivery], report: Report) -> None:
        sent = Result(outcome=Outcome.SENT)
        reports = (report(each, sent) for each in deliveries)
        await asyncio.gather(*reports, return_exceptions=True)

    monkeypatch.setattr(claims, "_record", fails_at_the_fifth)
    monkeypatch.setattr(sender, "send", answered_together)
    add(*(draft(str(number)) for number in range(10)))
    assert batches.send_batch() == 10
    done = Delivery.objects.filter(outcome="sent").values_list("dedupe", flat=True)
    assert set(done) == set("012346789")


def test_switched_off_nothing_is_sent_and_nothing_is_lost(
    sender: Recording, settings: Settings
) -> None:
    add(draft("a"))
    settings.NOTICES = False
    assert batches.send_batch() == 0
    assert Delivery.objects.waiting().count() == 1
