"""What an operator sees and does: counts, /readyz, the command, and what is kept how long."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as project
from django.core.management import CommandError, call_command
from django.test import Client
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from pytest_django import Settings

from config import tasks
from config.monitoring import background, readiness
from notices import batches, channels, claims
from notices.channels import RETRY, Result
from notices.models import Attempt, Delivery, DeliveryCount
from notices.models.delivery import Outcome
from notices.operations import retention
from tests.config.test_metrics import told
from tests.factories import make_venue
from tests.notices.test_claims import NOON, Recording, add, draft
from tests.notices.test_claims import sender as sender  # noqa: PLC0414

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("frozen")]

TOTAL = "holdfast_deliveries_total"
DAY = timedelta(days=1)


@pytest.fixture
def frozen() -> Iterator[FrozenDateTimeFactory]:
    with freeze_time(NOON, real_asyncio=True) as frozen:
        assert isinstance(frozen, FrozenDateTimeFactory)
        yield frozen


@pytest.fixture(autouse=True)
def _nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    # Other tests and processes note in the same cache, at a time that they stopped.
    for name in ("RAN", "LOOKED", "ENDED"):
        monkeypatch.setattr(background, name, f"{getattr(background, name)}{uuid4().hex}:")
    monkeypatch.setattr(background, "has_had_time", lambda: True)


@pytest.mark.parametrize(
    ("outcome", "counted"),
    [(Outcome.SENT, "sent"), (Outcome.SUPPRESSED, "suppressed"), (RETRY, "retry")],
)
def test_each_result_is_counted(
    sender: Recording, client: Client, outcome: str, counted: str
) -> None:
    sender.result = Result(outcome=outcome)
    add(draft("a"), draft("b"))
    batches.send_batch()
    assert told(client, TOTAL, channel="mail", outcome=counted) == 2
    assert told(client, TOTAL) == 2


def test_what_came_too_late_or_was_spent_is_counted(
    sender: Recording, client: Client, frozen: FrozenDateTimeFactory
) -> None:
    add(draft("late", useful_until=NOON), draft("spent", attempts=3))
    batches.send_batch()
    assert told(client, TOTAL, outcome="dropped") == 1
    assert told(client, TOTAL, outcome="failed") == 1
    assert sender.sent == []


def test_what_waits_and_since_when(
    sender: Recording, client: Client, frozen: FrozenDateTimeFactory
) -> None:
    add(draft("due"), draft("later", next_try_at=NOON + DAY))
    frozen.tick(90)
    assert told(client, "holdfast_deliveries_waiting", channel="mail") == 2
    assert told(client, "holdfast_delivery_oldest_seconds", channel="mail") == 90


def parts(client: Client) -> Any:
    answer = client.get("/readyz?parts=deliveries")
    return answer.status_code, answer.json()["parts"]["deliveries"]


def test_not_ready_when_nobody_sends(
    sender: Recording, client: Client, frozen: FrozenDateTimeFactory
) -> None:
    add(draft("a"))
    assert parts(client) == (200, "ok")
    frozen.tick(background.OVERDUE)
    assert parts(client) == (200, "ok")
    frozen.tick(1)
    status, said = parts(client)
    assert status == 503 and said.startswith("Nobody sends mail.")


def test_ready_while_a_receiver_is_down_or_slow(
    sender: Recording, client: Client, frozen: FrozenDateTimeFactory
) -> None:
    """Its deliveries are late, and somebody looks after them."""
    sender.quotas["slow"] = 0
    add(draft("a", lane="slow"))
    frozen.tick(10 * background.OVERDUE)
    batches.send_batch()
    assert parts(client) == (200, "ok")
    frozen.tick(background.OVERDUE + timedelta(seconds=1))
    assert parts(client)[0] == 503, "nobody has looked since"


def test_what_is_switched_off_is_said_and_no_fault(
    sender: Recording, client: Client, settings: Settings, frozen: FrozenDateTimeFactory
) -> None:
    settings.NOTICES = False
    add(draft("a"))
    frozen.tick(DAY)
    assert parts(client) == (200, "ok")
    assert readiness.off() == ["deliveries (NOTICES)"]
    settings.NOTICES, settings.SMS, settings.SMS_TO_FILES = True, None, False
    assert "sms (SMS)" in readiness.off()


# The command.


def said(*arguments: str) -> str:
    out = StringIO()
    call_command("deliveries", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_tells_what_waits_and_what_failed(
    sender: Recording, frozen: FrozenDateTimeFactory
) -> None:
    add(draft("a"), draft("b", done_at=NOON, outcome="failed"))
    frozen.tick(75)
    (line,) = [line for line in said().splitlines() if line.startswith("mail")]
    assert line.split() == ["mail", "1", "1", "0:01:15", "ago", "1", "failed"]


def test_what_failed_is_tried_again_with_all_its_tries(sender: Recording) -> None:
    add(draft("a", done_at=NOON, outcome="failed", attempts=3))
    assert said("--retry", "--kind", "letter").startswith("1 are tried again")
    batches.send_batch()
    row = Delivery.objects.get()
    assert (row.outcome, row.attempts) == ("sent", 1)


def test_what_is_useful_no_more_or_under_way_is_not_tried_again(sender: Recording) -> None:
    add(draft("a", done_at=NOON, outcome="failed", useful_until=NOON))
    add(draft("b", claimed_by="somebody", next_try_at=NOON + claims.LEASE))
    add(draft("c", done_at=NOON, outcome="sent"))
    assert said("--retry", "--all").startswith("0 are")


def test_what_waits_is_dropped_by_filter(sender: Recording) -> None:
    venue = make_venue()
    add(draft("a", venue=venue), draft("b"), draft("c", done_at=NOON, outcome="sent", venue=venue))
    assert said("--drop", "--venue", venue.slug) == "1 dropped.\n"
    outcomes = dict(Delivery.objects.values_list("dedupe", "outcome"))
    assert outcomes == {"a": "dropped", "b": "", "c": "sent"}


def test_nothing_is_done_to_all_by_accident(sender: Recording) -> None:
    add(draft("a"))
    for act in ("--retry", "--drop"):
        with pytest.raises(CommandError):
            said(act)
    assert Delivery.objects.waiting().count() == 1


# What is kept.


def kept(name: str, done_at: datetime | None, **fields: Any) -> Delivery:
    made = draft(name, done_at=done_at, outcome="sent" if done_at else "", **fields)
    made.save()
    Attempt.objects.create(delivery=made, at=NOON, took_ms=1, outcome="sent")
    return made


def test_old_deliveries_become_numbers(sender: Recording, frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue()
    kept("a", NOON, venue=venue)
    kept("b", NOON, venue=venue)
    kept("c", NOON)
    young = kept("d", NOON + timedelta(seconds=1))
    frozen.tick(project.DELIVERIES_KEPT)
    tasks.clean_up()
    assert list(Delivery.objects.all()) == [young]
    assert Attempt.objects.count() == 1
    found = DeliveryCount.objects.order_by("venue_id")
    sums = [(one.venue_id, one.day, one.kind, one.outcome, one.count) for one in found]
    assert sums == [
        (0, NOON.date(), "letter", "sent", 1),
        (venue.pk, NOON.date(), "letter", "sent", 2),
    ]
    frozen.tick(1)
    tasks.clean_up()
    assert DeliveryCount.objects.get(venue_id=0).count == 2, "sums of one day are added up"


def test_what_waits_is_never_deleted(sender: Recording, frozen: FrozenDateTimeFactory) -> None:
    waiting = kept("a", None)
    frozen.tick(100 * project.DELIVERIES_KEPT)
    tasks.clean_up()
    assert list(Delivery.objects.all()) == [waiting]


def test_old_ones_go_in_batches(sender: Recording, frozen: FrozenDateTimeFactory) -> None:
    for number in range(5):
        kept(str(number), NOON)
    frozen.tick(project.DELIVERIES_KEPT)
    assert [retention.delete_old(batch=2) for _ in range(4)] == [2, 2, 1, 0]
    assert DeliveryCount.objects.get().count == 5


def test_every_channel_can_be_asked_about(client: Client) -> None:
    for name in channels.names():
        assert told(client, "holdfast_deliveries_waiting", channel=name) == 0
