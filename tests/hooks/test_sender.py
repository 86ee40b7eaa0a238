"""Webhooks arrive signed, are tried ten times, and end as the contract says."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler

import pytest
from django.db import OperationalError
from freezegun.api import FrozenDateTimeFactory
from pytest_django import Settings
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from config import embedded
from guests.models import Partner
from hooks import endpoints, health, replays, sender, signing_secrets
from hooks.models import Endpoint
from hooks.sender import PAUSES
from notices import batches, claims
from notices.channels import Result
from notices.mail import composers
from notices.mail.composers import Letter
from notices.models import Attempt, Delivery
from settings.partner_keys import read
from tests.factories import make_venue
from tests.guests.factories import PartnerFactory
from tests.hooks.making import make_delivery, make_endpoint
from tests.hooks.receiver import Received, Receiver, receiving, resets, says
from venues.models import Venue

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock", "acme")]

HOUR = timedelta(hours=1)


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    settings.WEBHOOK_ALLOW = ["127.0.0.1/32"]
    with receiving() as found:
        yield found


@pytest.fixture
def acme(db: None) -> Partner:
    return PartnerFactory.create(slug="acme", email="it@acme.example")


def send() -> int:
    return batches.send_batch(["webhook"])


def verify(secret: str, got: Received) -> None:
    Webhook(secret).verify(got.body, got.headers)


def secret_of(endpoint: Endpoint) -> str:
    return str(endpoint.known_secret)  # type: ignore[attr-defined]


def test_the_reference_library_verifies_what_arrives(receiver: Receiver) -> None:
    endpoint = make_endpoint(url=receiver.url("/hook"))
    row = make_delivery(endpoint, key="evt_7")
    assert send() == 1
    (got,) = receiver.got
    verify(secret_of(endpoint), got)
    assert (got.path, got.body.decode()) == ("/hook", row.body)
    assert got.headers["content-type"] == "application/json"
    assert got.headers["webhook-id"] == "evt_7"
    row.refresh_from_db()
    assert (row.outcome, row.attempts) == ("sent", 1)
    assert Attempt.objects.get().status == 204
    with pytest.raises(WebhookVerificationError):
        verify(secret_of(make_endpoint()), got)


class Counting:
    """Answers, and notes how many were answered at the same time at most."""

    def __init__(self) -> None:
        self.open, self.most, self.guard = 0, 0, threading.Lock()

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        with self.guard:
            self.open += 1
            self.most = max(self.most, self.open)
        says(204)(handler)
        with self.guard:
            self.open -= 1


def test_a_receiver_that_answers_at_once_has_one_on_its_way(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a process that dies sends one again, and not all that it had claimed."""
    monkeypatch.setattr(sender, "MOMENT", 10.0)
    receiver.answer = counting = Counting()
    for number in range(4):
        endpoint = make_endpoint(url=receiver.url(f"/{number}"))
        for _ in range(3):
            make_delivery(endpoint)
    recorded: list[int] = []
    record = claims.record

    def noted(delivery: Delivery, result: Result) -> bool:
        recorded.append(len(receiver.got))
        return record(delivery, result)

    monkeypatch.setattr(claims, "record", noted)
    assert send() == 12
    assert counting.most == 1
    # Each is recorded before the next one leaves.
    assert recorded == list(range(1, 13))


def test_one_that_cannot_be_recorded_keeps_no_other_back(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        make_delivery(make_endpoint(url=receiver.url()), key=str(number))
    record = claims.record

    def failing(delivery: Delivery, result: Result) -> bool:
        if delivery.message_id == "0":
            raise OperationalError("the database is away")
        return record(delivery, result)

    monkeypatch.setattr(claims, "record", failing)
    assert send() == 3
    assert Delivery.objects.filter(outcome="sent").count() == 2
    assert not Delivery.objects.get(message_id="0").done_at


def test_slow_receivers_are_waited_for_side_by_side(receiver: Receiver) -> None:
    together = threading.Barrier(12)

    def answer(handler: BaseHTTPRequestHandler) -> None:
        # Answers when all have come.
        together.wait(60)
        says(204)(handler)

    receiver.answer = answer
    for number in range(12):
        make_delivery(make_endpoint(url=receiver.url(f"/{number}")))
    assert send() == 12
    assert Delivery.objects.filter(outcome="sent").count() == 12


def test_ten_tries_after_the_pauses_of_the_contract(
    receiver: Receiver, clock: FrozenDateTimeFactory
) -> None:
    endpoint = make_endpoint(url=receiver.url())
    make_delivery(endpoint)
    receiver.answer = says(500, b"broken")
    hours = [2, 5, 10, 14, 20, 24]
    seconds = [0, 5, 300, 1_800, *(3_600 * each for each in hours)]
    assert [pause.total_seconds() for pause in PAUSES] == seconds
    for number, pause in enumerate(seconds, start=1):
        if number > 1:
            waiting = Delivery.objects.get().next_try_at - clock().astimezone()
            assert 0.9 * pause <= waiting.total_seconds() <= 1.1 * pause
            clock.tick(timedelta(seconds=0.89 * pause))
            assert send() == 0
            clock.tick(timedelta(seconds=0.22 * pause))
        assert send() == 1
        verify(secret_of(endpoint), receiver.got[-1])
    row = Delivery.objects.get()
    assert (row.outcome, row.attempts, len(receiver.got)) == ("failed", 10, 10)
    assert {got.headers["webhook-id"] for got in receiver.got} == {row.message_id}
    assert len({got.body for got in receiver.got}) == 1
    # Each is signed at its own time.
    assert len({got.headers["webhook-timestamp"] for got in receiver.got}) == 10
    assert Attempt.objects.first().detail == "broken"  # type: ignore[union-attr]


@pytest.mark.parametrize("status", [100, 199, 300, 301, 302, 400, 404, 429, 500, 503])
def test_anything_but_2xx_is_tried_again(receiver: Receiver, status: int) -> None:
    make_delivery(make_endpoint(url=receiver.url("/a")))
    receiver.answer = says(status, Location=receiver.url("/inner"))
    send()
    row = Delivery.objects.get()
    assert (row.done_at, row.attempts) == (None, 1)
    # A redirect is an answer like others: nobody follows it.
    assert [got.path for got in receiver.got] == ["/a"]


def test_what_the_receiver_asks_for_is_honoured_up_to_a_day(
    receiver: Receiver, clock: FrozenDateTimeFactory
) -> None:
    now = clock().astimezone()
    date = "Mon, 01 Feb 2027 12:00:00 GMT"
    asked = {
        "7200": 2 * HOUR, "999999": 24 * HOUR, "9" * 400: 24 * HOUR, date: 3 * HOUR,
        "0": None, "1": None, "-5": None, "soon": None, "": None, "١٢": None,
    }  # fmt: skip
    for text, wanted in asked.items():
        Delivery.objects.all().delete()
        make_delivery(make_endpoint(url=receiver.url()))
        receiver.answer = says(429, Retry_After=text.encode().decode("latin-1"))
        send()
        pause = Delivery.objects.get().next_try_at - now
        if wanted is None:
            # Nor less than our own pause, by which ten tries last for days.
            assert timedelta(seconds=4) <= pause <= timedelta(seconds=5.5), text
        else:
            assert pause == wanted, text


def test_410_switches_off_and_tells_the_partner(receiver: Receiver, acme: Partner) -> None:
    endpoint = make_endpoint(url=receiver.url())
    make_delivery(endpoint)
    make_delivery(endpoint, next_try_at=endpoint.created_at + HOUR)
    receiver.answer = says(410)
    send()
    endpoint.refresh_from_db()
    assert (endpoint.is_active, endpoint.disabled_reason) == (False, health.GONE)
    assert Delivery.objects.filter(channel="webhook").earliest("pk").outcome == "failed"
    letter = Delivery.objects.get(channel="mail")
    assert (letter.to, letter.kind) == ("it@acme.example", health.SWITCHED_OFF)
    written = composers.compose(letter)
    assert isinstance(written, Letter)
    assert endpoint.url in written.text and health.GONE in written.text


def test_what_waits_for_an_endpoint_that_is_off_is_dropped(receiver: Receiver) -> None:
    make_delivery(make_endpoint(url=receiver.url(), is_active=False))
    send()
    assert Delivery.objects.get().outcome == "dropped"
    assert receiver.got == []


def test_five_days_of_nothing_but_failures_switch_off(
    receiver: Receiver, acme: Partner, clock: FrozenDateTimeFactory
) -> None:
    endpoint = make_endpoint(url=receiver.url())
    receiver.answer = says(500)
    for _ in range(5):
        make_delivery(endpoint, key=f"evt_{clock()}")
        send()
        endpoint.refresh_from_db()
        assert endpoint.is_active
        clock.tick(timedelta(days=1) - timedelta(seconds=1))
    # One success in between, and the five days begin anew.
    receiver.answer = says(200)
    Delivery.objects.all().delete()
    make_delivery(endpoint, key="good")
    send()
    endpoint.refresh_from_db()
    assert (endpoint.failing_since, endpoint.failures) == (None, 0)
    receiver.answer = says(500)
    for _ in range(2):
        make_delivery(endpoint, key=f"evt_{clock()}")
        send()
        clock.tick(timedelta(days=5))
    endpoint.refresh_from_db()
    assert (endpoint.is_active, endpoint.disabled_reason) == (False, health.UNANSWERED)
    assert Delivery.objects.filter(channel="mail").count() == 1


def test_a_huge_answer_and_a_hang_up_are_noted(receiver: Receiver) -> None:
    make_delivery(make_endpoint(url=receiver.url("/huge")))
    make_delivery(make_endpoint(url=receiver.url("/reset")))
    make_delivery(make_endpoint(url="https://10.0.0.1/"))
    receiver.at = {"/huge": says(200, b"y\0" * 5_000_000), "/reset": resets}
    send()
    huge, reset, inward = Delivery.objects.order_by("pk")
    assert (huge.outcome, huge.tries.get().detail) == ("sent", "y" * 500)
    assert (reset.outcome, reset.tries.get().status) == ("", None)
    assert inward.tries.get().detail == "blocked address"
    assert Endpoint.objects.get(pk=inward.to).failures == 1


def test_both_secrets_sign_for_a_day_after_a_rotation(
    receiver: Receiver, clock: FrozenDateTimeFactory
) -> None:
    endpoint = make_endpoint(url=receiver.url())
    old = secret_of(endpoint)
    new = endpoints.rotate(endpoint.pk, partner="acme").secret
    make_delivery(endpoint, key="one")
    send()
    for secret in (old, new):
        verify(secret, receiver.got[-1])
    clock.tick(signing_secrets.GRACE)
    make_delivery(endpoint, key="two")
    send()
    verify(new, receiver.got[-1])
    with pytest.raises(WebhookVerificationError):
        verify(old, receiver.got[-1])


def test_many_rotations_leave_few_signatures(receiver: Receiver) -> None:
    endpoint = make_endpoint(url=receiver.url())
    secrets = [endpoints.rotate(endpoint.pk, partner="acme").secret for _ in range(20)]
    make_delivery(endpoint)
    send()
    signatures = receiver.got[-1].headers["webhook-signature"].split()
    assert len(signatures) == signing_secrets.MOST_LIVE
    verify(secrets[-1], receiver.got[-1])


def test_a_secret_that_cannot_be_read_is_said_so(receiver: Receiver, settings: Settings) -> None:
    endpoint = make_endpoint(url=receiver.url())
    before = settings.SECRET_KEY
    settings.SECRET_KEY = "another" * 9
    make_delivery(endpoint, key="one")
    send()
    assert "rotate" in Attempt.objects.get().detail
    assert receiver.got == []
    settings.SECRET_KEY_FALLBACKS = [before]
    make_delivery(endpoint, key="two")
    send()
    verify(secret_of(endpoint), receiver.got[-1])


def test_a_replay_is_the_same_bytes_signed_anew_and_changes_no_health(
    receiver: Receiver, clock: FrozenDateTimeFactory
) -> None:
    endpoint = make_endpoint(url=receiver.url())
    row = make_delivery(endpoint, key="evt_1")
    send()
    clock.tick(HOUR)
    new = endpoints.rotate(endpoint.pk, partner="acme").secret
    # Also to an endpoint that is off.
    Endpoint.objects.update(is_active=False)
    made = replays.one(row.pk, endpoint_id=endpoint.pk, partner="acme")
    assert made.replay_of_id == row.pk
    receiver.answer = says(500)
    send()
    first, again = receiver.got
    assert first.body == again.body
    assert first.headers["webhook-id"] == again.headers["webhook-id"] == "evt_1"
    assert first.headers["webhook-timestamp"] != again.headers["webhook-timestamp"]
    verify(new, again)
    endpoint.refresh_from_db()
    assert (endpoint.failures, endpoint.failing_since) == (0, None)
    receiver.answer = says(410)
    clock.tick(HOUR)
    send()
    endpoint.refresh_from_db()
    assert endpoint.disabled_reason == ""
    # A replay of a replay is one of the first.
    made = replays.one(made.pk, endpoint_id=endpoint.pk, partner="acme")
    assert made.replay_of_id == row.pk


def test_a_ping_is_sent_at_once_and_says_what_it_is(receiver: Receiver) -> None:
    endpoint = make_endpoint(url=receiver.url(), is_active=False, types=["lot.closed"])
    endpoints.ping(endpoint.pk, partner="acme")
    send()
    body = json.loads(receiver.got[0].body)
    assert body["type"] == "webhook.ping"
    assert body["data"] == {"webhook": str(endpoint.pk)}
    verify(secret_of(endpoint), receiver.got[0])


def test_an_endpoint_gets_three_at_once_and_one_after_five_failures(receiver: Receiver) -> None:
    endpoint = make_endpoint(url=receiver.url())
    for number in range(20):
        make_delivery(endpoint, key=str(number))
    mine = claims.claim(by="one", only=["webhook"])
    # What one worker tries counts for the other.
    assert (len(mine), claims.claim(by="two", only=["webhook"])) == (3, [])
    Delivery.objects.update(claimed_by="", next_try_at=endpoint.created_at)
    Endpoint.objects.update(failures=sender.FAILING)
    assert len(claims.claim(by="three", only=["webhook"])) == 1


def test_what_a_deleted_endpoint_left_ends(receiver: Receiver) -> None:
    endpoint = make_endpoint(url=receiver.url())
    make_delivery(endpoint)
    Endpoint.objects.all().delete()
    send()
    assert Delivery.objects.get().outcome == "dropped"


def test_webhooks_have_a_thread_of_their_own() -> None:
    assert [names for names in embedded.SENDERS.values() if "webhook" in names] == [("webhook",)]


def of_venue(endpoint: Endpoint, venue: Venue, key: str) -> Delivery:
    return make_delivery(endpoint, key=key, venue_id=venue.pk)


def waiting_four_ways(endpoint: Endpoint) -> None:
    """One that was never tried, one that failed once, a replay, and a trial."""
    make_delivery(endpoint, key="new")
    make_delivery(endpoint, key="retry", attempts=1)
    done = make_delivery(endpoint, key="done", done_at=endpoint.created_at, outcome="sent")
    replays.one(done.pk, endpoint_id=endpoint.pk, partner=endpoint.partner)
    endpoints.ping(endpoint.pk, partner=endpoint.partner)


def reasons() -> set[str]:
    assert not Delivery.objects.waiting().exists()
    dropped = Delivery.objects.filter(outcome="dropped")
    return {row.tries.get().detail for row in dropped}


def send_all() -> None:
    while send():
        pass


def test_a_partner_that_was_switched_off_gets_nothing_that_waits(
    receiver: Receiver, acme: Partner
) -> None:
    waiting_four_ways(make_endpoint(url=receiver.url()))
    Partner.objects.filter(pk=acme.pk).update(is_active=False)
    send_all()
    assert receiver.got == []
    assert Delivery.objects.filter(outcome="dropped").count() == 4
    assert reasons() == {"the partner is switched off"}


def test_a_partner_whose_keys_left_the_settings_gets_nothing_that_waits(
    receiver: Receiver, settings: Settings
) -> None:
    entry = {"partner": "rocket", "digest": "0" * 64, "scopes": [], "venues": "*"}
    settings.PARTNER_KEYS = read([entry])
    endpoint = make_endpoint("rocket", url=receiver.url())
    make_delivery(endpoint, key="before")
    send_all()
    assert len(receiver.got) == 1
    waiting_four_ways(endpoint)
    settings.PARTNER_KEYS = read([{**entry, "partner": "other"}])
    send_all()
    assert len(receiver.got) == 1
    assert reasons() == {"the partner is switched off"}


def test_what_waits_for_a_venue_that_was_taken_away_is_dropped(
    receiver: Receiver, acme: Partner
) -> None:
    kept, lost = make_venue(), make_venue()
    acme.venues.set([kept, lost])
    endpoint = make_endpoint(url=receiver.url())
    done = make_delivery(
        endpoint, key="done", done_at=endpoint.created_at, outcome="sent", venue_id=lost.pk
    )
    replays.one(done.pk, endpoint_id=endpoint.pk, partner="acme")
    for venue, key in ((kept, "kept"), (lost, "lost")):
        of_venue(endpoint, venue, key)
    acme.venues.set([kept])
    send_all()
    assert [got.headers["webhook-id"] for got in receiver.got] == ["kept"]
    assert reasons() == {"the venue is not the partner's any more"}


def test_what_waits_is_told_as_the_endpoint_stands_now(receiver: Receiver, acme: Partner) -> None:
    """Narrowed, it gets neither the other venue nor the whole reservation, replays included."""
    kept, lost = make_venue(), make_venue()
    acme.venues.set([kept, lost])
    endpoint = make_endpoint(url=receiver.url(), include=["reservation"])
    fat = {"body": '{"data":{"id":"1","reservation":{"last_name":"Zqxj"}}}'}
    of_venue(endpoint, lost, "lost")
    make_delivery(endpoint, key="kept", venue_id=kept.pk, **fat)
    done = make_delivery(
        endpoint, key="done", done_at=endpoint.created_at, outcome="sent", venue_id=kept.pk, **fat
    )
    replays.one(done.pk, endpoint_id=endpoint.pk, partner="acme")
    Endpoint.objects.update(include=[], has_all_venues=False)
    endpoint.venues.set([kept])
    send_all()
    assert [got.headers["webhook-id"] for got in receiver.got] == ["kept", "done"]
    for got in receiver.got:
        assert json.loads(got.body) == {"data": {"id": "1"}}
        verify(secret_of(endpoint), got)
    assert reasons() == {"the endpoint is not told of this venue any more"}


def test_a_partner_that_may_read_no_more_gets_thin_bodies(
    receiver: Receiver, acme: Partner
) -> None:
    endpoint = make_endpoint(url=receiver.url(), include=["reservation"])
    body = '{"data":{"id":"1","reservation":{"last_name":"Zqxj"}}}'
    make_delivery(endpoint, key="before", body=body)
    send_all()
    Partner.objects.update(scopes=["webhooks:write"])
    make_delivery(endpoint, key="after", body=body)
    send_all()
    assert [b"Zqxj" in got.body for got in receiver.got] == [True, False]
