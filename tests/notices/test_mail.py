"""Mail leaves by one connection a batch; the code of the server's answer decides what follows."""

import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from django.core import mail
from django.db import OperationalError, transaction
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from pytest_django import Settings

from notices import batches, channels, claims, outgoing, suppressions
from notices.channels import Result
from notices.mail import composers, messages, sender
from notices.mail.composers import Invitation, Letter
from notices.models import Attempt, Delivery, Suppression
from notices.models.delivery import Outcome
from tests.notices import mail_server
from tests.notices.mail_server import CUT, MailServer

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
LETTER = Letter(subject="Hello", text="A text", html="<p>A text</p>", code="ABC")

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _composer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composers, "_composers", {"test": lambda _: LETTER})
    monkeypatch.setattr(channels, "_senders", {"mail": sender.MailSender()})


@pytest.fixture
def frozen() -> Iterator[FrozenDateTimeFactory]:
    with freeze_time(NOON, real_asyncio=True) as frozen:
        assert isinstance(frozen, FrozenDateTimeFactory)
        yield frozen


@pytest.fixture
def server(settings: Settings) -> Iterator[MailServer]:
    with mail_server.serving(settings) as server:
        yield server


def add(*receivers: str, kind: str = "test") -> None:
    with transaction.atomic():
        outgoing.add(
            Delivery(
                kind=kind,
                channel="mail",
                lane="mail",
                to=to,
                dedupe=f"{kind}:{to}",
                created_at=NOON,
                next_try_at=NOON,
            )
            for to in receivers
        )


def of(to: str) -> Delivery:
    return Delivery.objects.get(to=to)


def test_a_batch_is_one_connection_and_each_letter_has_one_receiver(
    server: MailServer, frozen: FrozenDateTimeFactory
) -> None:
    add(*(f"guest{n}@example.com" for n in range(12)))
    assert batches.send_batch() == 12
    assert server.sessions == 1
    assert sorted(letter["To"] for letter in server.letters) == sorted(
        f"guest{n}@example.com" for n in range(12)
    )
    row = of("guest3@example.com")
    assert row.outcome == Outcome.SENT
    assert row.message_id == messages.message_id(row, "ABC")
    assert row.message_id in {letter["Message-ID"] for letter in server.letters}
    assert Attempt.objects.filter(status=250).count() == 12


def test_one_of_two_refused_for_good_stops_the_other_nowhere(
    server: MailServer, frozen: FrozenDateTimeFactory
) -> None:
    gone = "550 5.1.1 gone@example.com: no such user"
    server.at_receiver = lambda to: gone if to == "gone@example.com" else "250 OK"
    add("gone@example.com", "here@example.com")
    batches.send_batch()
    assert of("gone@example.com").outcome == Outcome.FAILED
    assert of("here@example.com").outcome == Outcome.SENT
    suppression = Suppression.objects.get()
    assert suppression.reason.startswith("550 5.1.1")
    assert "gone@example.com" not in suppression.reason
    assert suppressions.reason_of("mail", "Gone@EXAMPLE.com")


def test_a_suppressed_address_is_not_written_to(
    server: MailServer, frozen: FrozenDateTimeFactory
) -> None:
    suppressions.suppress("mail", "gone@example.com", reason="550")
    add("gone@example.com")
    batches.send_batch()
    assert of("gone@example.com").outcome == Outcome.SUPPRESSED
    assert server.tried == []


@pytest.mark.parametrize("stage", ["at_receiver", "at_data"])
def test_refused_for_now_is_tried_again_with_the_same_id(
    server: MailServer, frozen: FrozenDateTimeFactory, stage: str
) -> None:
    setattr(server, stage, lambda _: "451 4.7.1 greylisted")
    add("guest@example.com")
    batches.send_batch()
    assert of("guest@example.com").done_at is None
    assert not Suppression.objects.exists()
    setattr(server, stage, lambda _: "250 OK")
    assert batches.send_batch() == 0
    frozen.tick(timedelta(minutes=2))
    assert batches.send_batch() == 1
    assert of("guest@example.com").outcome == Outcome.SENT
    assert list(Attempt.objects.values_list("status", flat=True)) == [451, 250]


@pytest.mark.parametrize(
    "answer",
    [
        "550 5.1.1 no such user",
        "550 5.1.2 no such domain",
        "501 5.1.3 bad syntax",
        "551 5.1.6 has moved",
        "556 5.1.10 the domain takes no mail",
        "550 5.2.1 the account is disabled",
        "550 5.1.1 authority@example.com: unknown in relay_recipient_maps",
        "550 #5.1.1 rejected",
        "550 no such user here",
        "550 relay@example.com: no mailbox of that name",
        "551 user not local",
        "553 mailbox name not allowed (#5.1.3)",
        "553 no mailbox here by that name",
    ],
)
def test_an_address_that_is_not_there_is_suppressed(
    server: MailServer, frozen: FrozenDateTimeFactory, answer: str
) -> None:
    server.at_receiver = lambda _: answer
    add("guest@example.com")
    batches.send_batch()
    assert of("guest@example.com").outcome == Outcome.FAILED
    assert suppressions.reason_of("mail", "guest@example.com").startswith(answer[:4])


OF_OTHER_CAUSES = [
    "530 5.7.0 authentication required",
    "530 authenticate first",
    "530 5.1.1 no such user",
    "554 5.7.1 relay access denied",
    "554 5.1.1 no such user",
    "554 no",
    "550 relay not permitted",
    "550 Relaying denied",
    "550 Authentication required",
    "550 blocked for spam",
    "550 violates our Policy",
    "550 your IP has a poor reputation",
    "550 listed by zen.spamhaus.org, see http://5.1.1.20/",
    "550 SPF check failed",
    "550 DKIM failed",
    "550 rejected by DMARC",
    "550 5.7.1 no such user",
    "550 5.7.26 unauthenticated",
    "550 5.4.1 access denied",
    "550 5.1.0 rejected",
    "550 5.1.8 bad sender",
    "550 5.1.100 strange",
    "550 5.2.2 full",
    "550 mailbox full",
    "550 4.7.1 try later",
    "553 not in my list of rcpthosts (#5.7.1)",
    "552 no such user",
    "521 no mail here",
    "500 what",
]
"""Answers to RCPT that prove nothing of the address: the relay, a policy, or the moment."""


@pytest.mark.parametrize("answer", OF_OTHER_CAUSES)
def test_a_relay_that_is_set_up_wrongly_suppresses_nobody(
    server: MailServer, frozen: FrozenDateTimeFactory, answer: str
) -> None:
    server.at_receiver = lambda _: answer
    add("guest@example.com")
    batches.send_batch()
    assert of("guest@example.com").outcome == Outcome.FAILED
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("stage", ["at_sender", "at_data"])
@pytest.mark.parametrize("answer", ["550 5.1.1 no such user", "550 no", "554 5.7.1 spam"])
def test_only_an_answer_to_the_receiver_suppresses(
    server: MailServer, frozen: FrozenDateTimeFactory, stage: str, answer: str
) -> None:
    setattr(server, stage, lambda _: answer)
    add("guest@example.com", "other@example.com")
    batches.send_batch()
    assert server.letters == []
    assert not Suppression.objects.exists()


def test_a_refusal_before_does_not_blame_the_next(
    server: MailServer, frozen: FrozenDateTimeFactory
) -> None:
    server.at_receiver = lambda to: "550 5.1.1 no" if to == "gone@example.com" else "250 OK"
    server.at_data = lambda _: "550 5.1.1 no"
    add("gone@example.com", "here@example.com")
    batches.send_batch()
    assert Suppression.objects.count() == 1
    assert suppressions.reason_of("mail", "gone@example.com")


def test_a_cut_connection_is_opened_again_for_the_next_letter(
    server: MailServer, frozen: FrozenDateTimeFactory
) -> None:
    server.at_data = lambda to: CUT if to == "a@example.com" else "250 OK"
    add("a@example.com", "b@example.com")
    batches.send_batch()
    assert of("a@example.com").done_at is None
    assert of("b@example.com").outcome == Outcome.SENT
    assert server.sessions == 2


def test_no_server_loses_nothing(settings: Settings, frozen: FrozenDateTimeFactory) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    add("a@example.com")
    batches.send_batch()
    assert of("a@example.com").done_at is None
    assert "Refused" in Attempt.objects.get().detail


def test_a_slow_server_leaves_the_rest_to_the_next_batch(
    server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "LAST_BEGIN", 0.05)
    server.pause = 0.2
    add("a@example.com", "b@example.com", "c@example.com")
    assert batches.send_batch() == 3
    waiting = Delivery.objects.waiting()
    assert waiting.count() == 2
    assert set(waiting.values_list("attempts", "claimed_by")) == {(0, "")}
    for _ in range(2):
        batches.send_batch()
    assert len(server.letters) == 3
    assert not Delivery.objects.waiting().exists()


def test_a_server_that_hangs_is_cut_off(
    server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "CUT", 0.3)
    server.pause = 1.5
    add("a@example.com")
    batches.send_batch()
    assert of("a@example.com").done_at is None
    assert Attempt.objects.get().took_ms < 1_500


def test_a_letter_that_cannot_be_written_holds_no_other_back(
    server: MailServer, frozen: FrozenDateTimeFactory
) -> None:
    def broken(_: Delivery) -> Letter | Result:
        raise RuntimeError

    composers.register("broken", broken)
    add("a@example.com", kind="broken")
    add("b@example.com")
    batches.send_batch()
    assert of("a@example.com").done_at is None
    assert of("b@example.com").outcome == Outcome.SENT


def test_nobody_writes_an_unknown_kind(server: MailServer, frozen: FrozenDateTimeFactory) -> None:
    add("a@example.com", kind="unheard-of")
    batches.send_batch()
    assert of("a@example.com").outcome == Outcome.DROPPED


def test_an_invitation_is_an_alternative_and_an_attachment(
    server: MailServer, frozen: FrozenDateTimeFactory
) -> None:
    content = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nSUMMARY:Café 東\r\nEND:VCALENDAR\r\n"
    invited = Letter(
        subject="Hello",
        text="A text",
        html="<p>A text</p>",
        sender_name='Café "Zuid"\r\nBcc: x@example.com',
        reply_to="desk@example.com",
        invitation=Invitation(method="REQUEST", content=content),
    )
    composers.register("test", lambda _: invited)
    add("guest@example.com")
    batches.send_batch()
    (letter,) = server.letters
    assert letter.get_content_type() == "multipart/mixed"
    alternatives, attached = letter.iter_parts()
    assert alternatives.get_content_type() == "multipart/alternative"
    text, html, calendar = alternatives.iter_parts()
    kinds = [part.get_content_type() for part in (text, html, calendar, attached)]
    assert kinds == ["text/plain", "text/html", "text/calendar", "application/ics"]
    assert dict(calendar["Content-Type"].params) == {
        "method": "REQUEST",
        "component": "vevent",
        "charset": "utf-8",
    }
    assert not calendar.defects
    assert calendar.get_content().replace("\r\n", "\n") == content.replace("\r\n", "\n")
    assert attached.get_filename() == "invite.ics"
    assert attached.get_payload(decode=True) == content.encode()
    assert letter["Reply-To"] == "desk@example.com"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Bcc"] is None
    (sent_by,) = letter["From"].addresses
    assert sent_by.display_name == 'Café "Zuid" Bcc: x@example.com'
    assert sent_by.addr_spec == messages.sender_address()


def test_a_backend_that_carries_no_calendar_gets_the_attachment_alone(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "anymail.backends.mailgun.EmailBackend"
    invited = Letter(subject="a", text="b", invitation=Invitation(method="CANCEL", content="c"))
    message = messages.message_of(Delivery(pk=1, to="a@example.com", kind="test"), invited)
    assert message.alternatives == []
    assert len(message.attachments) == 1


def test_without_a_mail_server_each_letter_is_a_file_to_open(
    settings: Settings, tmp_path: Path, frozen: FrozenDateTimeFactory
) -> None:
    settings.EMAIL_BACKEND = "notices.mail.files.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    add("a@example.com", "b@example.com")
    batches.send_batch()
    files = sorted((tmp_path / "mail").iterdir())
    assert [file.suffix for file in files] == [".eml", ".eml"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "mail").stat().st_mode) == 0o700
    read = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
    assert [letter["To"] for letter in read] == ["a@example.com", "b@example.com"]
    assert not mail.outbox


class StrangeError(Exception):
    """Such as a mail service's backend raises."""


def test_one_letter_that_a_backend_cannot_take_keeps_no_other_back(
    frozen: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = mail.EmailMultiAlternatives.send

    def fails(message: mail.EmailMultiAlternatives, fail_silently: bool = False) -> int:
        if message.to == ["bad@example.com"]:
            raise StrangeError
        return send(message, fail_silently)

    monkeypatch.setattr(mail.EmailMultiAlternatives, "send", fails)
    add("first@example.com", "bad@example.com", "last@example.com")
    batches.send_batch()
    assert [of(f"{name}@example.com").outcome for name in ("first", "bad", "last")] == [
        "sent",
        "",
        "sent",
    ]
    assert of("bad@example.com").tries.get().detail.startswith("Strange")


@pytest.mark.parametrize("step", ["suppress", "record"])
def test_one_result_that_cannot_be_noted_keeps_no_other_back(
    server: MailServer, frozen: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Nor does an address that cannot be suppressed keep its own result from being recorded."""
    server.at_receiver = lambda to: "550 5.1.1 gone" if to == "bad@example.com" else "250 OK"
    place, calls = {"record": claims, "suppress": suppressions}[step], list[str]()
    kept = getattr(place, step)

    def fails(*given: object, **named: object) -> object:
        about = given[0].to if isinstance(given[0], Delivery) else str(given[1])
        calls.append(about)
        if about == "bad@example.com":
            raise OperationalError("the database is away")
        return kept(*given, **named)

    monkeypatch.setattr(place, step, fails)
    add("first@example.com", "bad@example.com", "last@example.com")
    batches.send_batch()
    assert "bad@example.com" in calls
    for name in ("first", "last"):
        assert of(f"{name}@example.com").outcome == "sent"
    assert of("bad@example.com").outcome == ("" if step == "record" else "failed")


@pytest.mark.parametrize("answer", ["abc what", "250 OK\0", "550 5.1.1 no\0body", "451 \0"])
def test_what_a_mail_server_says_can_always_be_recorded(
    server: MailServer, frozen: FrozenDateTimeFactory, answer: str
) -> None:
    """Or the letter would be sent again, and the others of its batch with it."""
    server.at_data = lambda to: answer if to == "odd@example.com" else "250 OK"
    add("odd@example.com", "last@example.com")
    batches.send_batch()
    assert Attempt.objects.filter(delivery__to="odd@example.com").count() == 1
    assert of("last@example.com").outcome == Outcome.SENT
