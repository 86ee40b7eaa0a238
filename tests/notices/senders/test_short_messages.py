"""Text messages and chat messages leave by one request, which settings describe."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from pytest_django import Settings

from guests.models import User
from notices import batches, channels, outgoing, short_texts
from notices.models import Attempt, Delivery
from notices.models.delivery import Channel, Outcome
from notices.senders import provider_requests
from reservations import clock
from settings import messages as read
from tests.guests.factories import UserFactory
from tests.notices.receiver import Receiver, receiving

pytestmark = pytest.mark.django_db(transaction=True)

TO = "+31612345678"
TEXT = 'See you at 18:00 & "bring" {to} umbrellas'
TWILIO = {
    "url": "/2010-04-01/Accounts/AC1/Messages.json",
    "auth": ["basic", "AC1", "secret"],
    "form": {"To": "{to}", "From": "Hotel", "Body": "{text}"},
    "ok": [201],
    "id": "sid",
}
VONAGE = {
    "url": "/sms/json",
    "form": {
        "api_key": "k", "api_secret": "s", "to": "{digits}", "from": "Hotel", "text": "{text}",
        "type": "{encoding}",
    },
    "expect": {"messages.0.status": "0"},
    "id": "messages.0.message-id",
}  # fmt: skip
MESSAGEBIRD = {
    "url": "/messages",
    "auth": ["header", "Authorization", "AccessKey live_1"],
    "json": {"recipients": ["{digits}"], "originator": "Hotel", "body": "{text}"},
    "ok": [201],
    "id": "id",
}
GATEWAY = {
    "url": "/send?number={to}",
    "auth": ["bearer", "t0ken"],
    "json": {"parts": [{"text": "{text}"}]},
}


@pytest.fixture
def provider() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(autouse=True)
def text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(short_texts, "_renders", {"test": lambda row, escape: escape(TEXT)})


def describe(settings: Settings, provider: Receiver, description: dict[str, Any]) -> None:
    # As a deployment reads it.
    found = {**description, "url": provider.url + description["url"]}
    assert read._is_good(found)
    settings.SMS, settings.SMS_TO_FILES = found, False


def drafted(channel: str = Channel.SMS, user: User | None = None, **facts: Any) -> Delivery:
    now = clock.now()
    row = Delivery(
        kind="test", channel=channel, lane=channel, to=TO, user=user, dedupe=f"test:{now}",
        created_at=now, next_try_at=now,
    )  # fmt: skip
    for name, value in facts.items():
        setattr(row, name, value)
    return row


def send(channel: str = Channel.SMS, user: User | None = None) -> Delivery:
    row = drafted(channel, user)
    with transaction.atomic():
        outgoing.add([row])
    batches.send_batch([channel])
    return Delivery.objects.get(dedupe=row.dedupe)


def test_twilio(settings: Settings, provider: Receiver) -> None:
    describe(settings, provider, TWILIO)
    provider.status, provider.body = 201, {"sid": "SM1"}
    assert (row := send()).outcome == Outcome.SENT and row.message_id == "SM1"
    (arrival,) = provider.arrived
    assert arrival.form == {"To": TO, "From": "Hotel", "Body": TEXT}
    assert arrival.path == TWILIO["url"]
    pair = base64.b64encode(b"AC1:secret").decode()
    assert arrival.headers["authorization"] == f"Basic {pair}"


def test_vonage_says_in_the_body_that_it_failed(settings: Settings, provider: Receiver) -> None:
    describe(settings, provider, VONAGE)
    provider.body = {"messages": [{"status": "0", "message-id": "v1"}]}
    assert (row := send()).outcome == Outcome.SENT and row.message_id == "v1"
    assert provider.arrived[0].form["to"] == TO[1:]
    assert provider.arrived[0].form["type"] == "text"
    provider.body = {"messages": [{"status": "6", "error-text": "no route"}]}
    assert send().outcome == Outcome.FAILED
    assert "no route" in Attempt.objects.latest("pk").detail


def test_messagebird(settings: Settings, provider: Receiver) -> None:
    describe(settings, provider, MESSAGEBIRD)
    provider.status, provider.body = 201, {"id": "m1"}
    assert (row := send()).outcome == Outcome.SENT and row.message_id == "m1"
    (arrival,) = provider.arrived
    assert arrival.json == {"recipients": [TO[1:]], "originator": "Hotel", "body": TEXT}
    assert arrival.headers["authorization"] == "AccessKey live_1"


def test_a_gateway_takes_the_number_in_its_address(settings: Settings, provider: Receiver) -> None:
    describe(settings, provider, GATEWAY)
    assert send().outcome == Outcome.SENT
    (arrival,) = provider.arrived
    assert arrival.path == "/send?number=%2B31612345678"
    assert arrival.json == {"parts": [{"text": TEXT}]}
    assert arrival.headers["authorization"] == "Bearer t0ken"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(429, ""), (500, ""), (503, ""), (400, "failed"), (401, "failed"), (302, "failed")],
)
def test_a_refusal_ends_it_and_a_fault_is_tried_again(
    settings: Settings, provider: Receiver, status: int, outcome: str
) -> None:
    describe(settings, provider, TWILIO)
    provider.status = status
    row = send()
    assert (row.outcome, row.attempts) == (outcome, 1)
    assert Attempt.objects.get().status == status


def test_a_provider_that_is_away_is_tried_again(settings: Settings, provider: Receiver) -> None:
    describe(settings, provider, TWILIO)
    settings.SMS["url"] = "http://127.0.0.1:1/"
    assert send().outcome == ""
    assert Attempt.objects.get().outcome == "retry"


def test_what_may_have_arrived_is_not_sent_again(
    settings: Settings, provider: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    describe(settings, provider, TWILIO)
    # An answer that breaks off before its end.
    provider.headers = {"content-length": "900"}
    assert send().outcome == Outcome.FAILED
    assert "may have arrived" in Attempt.objects.get().detail
    assert len(provider.arrived) == 1


def test_embedded_each_message_is_a_file(settings: Settings, tmp_path: Path) -> None:
    settings.SMS, settings.SMS_TO_FILES, settings.CHAT_TO_FILES = None, True, True
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    user = UserFactory.create(chat_url="https://chat.googleapis.com/v1/spaces/S/messages?key=k")
    assert send().outcome == Outcome.SENT
    assert send(Channel.CHAT, user).outcome == Outcome.SENT
    files = sorted((tmp_path / "mail").glob("*.txt"))
    assert [file.name.partition("-")[0] for file in files] == ["chat", "sms"]
    assert TO in files[1].read_text() and TEXT in files[1].read_text()
    assert user.email in files[0].read_text() and "key=k" not in files[0].read_text()


def test_deployed_without_a_provider_it_fails_and_says_so(settings: Settings) -> None:
    settings.SMS, settings.SMS_TO_FILES = None, False
    assert send().outcome == Outcome.FAILED
    assert "set SMS" in Attempt.objects.get().detail


def test_chat_goes_to_the_persons_space_without_marks(
    settings: Settings, provider: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CHAT_TO_FILES, settings.WEBHOOK_ALLOW = False, ["127.0.0.0/8"]
    provider.body = {"name": "spaces/S/messages/1"}
    hostile = "<https://evil.example|click> *bold* _it_ ~no~ `x`"
    renders = {"test": lambda row, escape: f"*Hello* {escape(hostile)}"}
    monkeypatch.setattr(short_texts, "_renders", renders)
    user = UserFactory.create(chat_url=f"{provider.url}/v1/spaces/S/messages?key=k&token=t")
    row = send(Channel.CHAT, user)
    assert (row.outcome, row.message_id) == (Outcome.SENT, "spaces/S/messages/1")
    (arrival,) = provider.arrived
    assert arrival.path == "/v1/spaces/S/messages?key=k&token=t"
    said = arrival.json["text"].removeprefix("*Hello*")
    assert "evil" in said and not set("<>*_~`|") & set(said)


def test_chat_reaches_no_other_host(settings: Settings, provider: Receiver) -> None:
    settings.CHAT_TO_FILES, settings.WEBHOOK_ALLOW = False, []
    for url in (provider.url, "https://chat.example/v1/spaces/S", "https://localhost/v1/spaces/S"):
        assert send(Channel.CHAT, UserFactory.create(chat_url=url)).outcome == Outcome.FAILED
    assert provider.arrived == []


def test_who_has_no_space_is_told_nothing(settings: Settings) -> None:
    settings.CHAT_TO_FILES = True
    assert send(Channel.CHAT, UserFactory.create()).outcome == Outcome.DROPPED


def send_three(channel: str = Channel.SMS) -> dict[str, Delivery]:
    """The one in the middle is of a kind, and to somebody, that may be bad."""
    user = UserFactory.create(chat_url="https://chat.googleapis.com/v1/spaces/S/messages?key=k")
    # A space of a chat takes one at a time.
    rows = [drafted(channel, user, dedupe=name, lane=name) for name in ("first", "bad", "last")]
    rows[1].kind, rows[1].to = "bad", "+31600000000"
    with transaction.atomic():
        outgoing.add(rows)
    batches.send_batch([channel])
    return {row.dedupe: row for row in Delivery.objects.all()}


def raises(*_: object) -> str:
    raise LookupError


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.CHAT])
def test_one_that_cannot_be_written_keeps_no_other_back(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, channel: str
) -> None:
    """It is tried as often as others that fail, then it has failed, and the log says why."""
    settings.SMS, settings.SMS_TO_FILES, settings.CHAT_TO_FILES = None, True, True
    settings.EMAIL_FILE_PATH = str(tmp_path)
    monkeypatch.setitem(short_texts._renders, "bad", raises)
    rows = send_three(channel)
    assert {name: row.outcome for name, row in rows.items()} == {
        "first": "sent",
        "bad": "",
        "last": "sent",
    }
    tries = len(channels.sender_of(channel).pauses)
    for _ in range(tries):
        Delivery.objects.update(next_try_at=clock.now())
        batches.send_batch([channel])
    bad = Delivery.objects.get(dedupe="bad")
    assert (bad.outcome, bad.attempts) == (Outcome.FAILED, tries)
    assert {one.detail for one in bad.tries.all()} == {"could not be written: LookupError"}


@pytest.mark.parametrize("stage", ["make", "read"])
def test_one_whose_request_fails_keeps_no_other_back(
    settings: Settings, provider: Receiver, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    """Once it has left, it may have arrived: it is not sent again."""
    describe(settings, provider, TWILIO)
    provider.status, provider.body = 201, {"sid": "SM1"}
    monkeypatch.setitem(short_texts._renders, "bad", lambda row, escape: "bad")
    kept, calls = getattr(provider_requests, stage), iter(range(9))

    def fails(*given: Any) -> Any:
        if stage == "make" and given[1]["text"] == "bad":
            raise LookupError
        if stage == "read" and next(calls) == 0:
            raise RecursionError
        return kept(*given)

    monkeypatch.setattr(provider_requests, stage, fails)
    outcomes = sorted(row.outcome for row in send_three().values())
    assert outcomes == (["", "sent", "sent"] if stage == "make" else ["failed", "sent", "sent"])
    reason = "could not be written: LookupError"
    expected = reason if stage == "make" else "RecursionError; it may have arrived"
    assert Attempt.objects.exclude(outcome="sent").get().detail == expected


def test_a_text_that_cannot_be_encoded_keeps_no_other_back(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SMS, settings.SMS_TO_FILES, settings.EMAIL_FILE_PATH = None, True, str(tmp_path)
    monkeypatch.setitem(short_texts._renders, "bad", lambda row, escape: "\ud800")
    rows = send_three()
    assert [rows[name].outcome for name in ("first", "bad", "last")] == ["sent", "", "sent"]


@pytest.mark.parametrize("sid", ["SM\0one", "SM\ud800one", "S" * 900])
def test_what_a_provider_says_can_always_be_recorded(
    settings: Settings, provider: Receiver, sid: str
) -> None:
    """Or the text would be sent again and again."""
    describe(settings, provider, TWILIO)
    provider.status, provider.body = 201, {"sid": sid}
    row = send()
    assert row.outcome == Outcome.SENT
    assert row.message_id in ("SMone", "SM?one", "S" * 200)


@pytest.mark.parametrize(
    "wrong",
    [
        [], {}, {"url": "ftp://x", "form": {}}, {"url": "https://x"},
        {"url": "https://x", "form": {}, "json": {}}, {"url": "https://x", "form": {}, "to": "x"},
        {"url": "https://x", "form": {}, "auth": ["basic", "one"]},
        {"url": "https://x", "form": {}, "auth": "bearer x"},
        {"url": "https://x", "form": {}, "ok": 200}, {"url": "https://x", "json": []},
    ],
)  # fmt: skip
def test_a_description_that_cannot_work_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, wrong: Any
) -> None:
    monkeypatch.setattr(read, "json_value", lambda name, default: wrong)
    with pytest.raises(ImproperlyConfigured):
        read._provider("SMS")
