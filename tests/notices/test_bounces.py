"""Letters that came back: their addresses are left alone, and the desk sees it."""

import base64
import json
import mailbox
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage, Message
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from pytest_django import Settings

from notices import bounces, returned_letters, suppressions, tasks
from notices.mail import messages
from notices.models import Delivery, Suppression
from notices.privacy import ERASED
from tests.notices.imap import FakeMailbox

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
ADDRESS = "guest@example.com"
CODE = "ABCDEFGHJK"
FORGED = "17.ABCDEFGHJK.0123456789abcdef@holdfast.example"

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent() -> Delivery:
    row = Delivery.objects.create(
        kind="reservation.confirmed",
        channel="mail",
        lane="mail",
        to=ADDRESS,
        dedupe="a",
        created_at=NOON,
        next_try_at=NOON,
        done_at=NOON,
        outcome="sent",
    )
    row.message_id = messages.message_id(row, CODE)
    row.save()
    return row


def ours(row: Delivery) -> str:
    """The id of a letter that was sent, without its brackets."""
    return row.message_id.strip("<>")


def returned(
    ours: str,
    *,
    action: str = "failed",
    status: str = "5.1.1",
    said: str = f"550 5.1.1 <{ADDRESS}>: no such user",
    is_whole: bool = True,
) -> bytes:
    """A delivery status notification, as mail servers write it."""
    part = "message/rfc822" if is_whole else "text/rfc822-headers"
    return f"""\
From: MAILER-DAEMON@mx.example
To: no-reply@holdfast.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I'm sorry to have to inform you.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; somebody-else@example.com
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {said}

--b
Content-Type: {part}

Message-ID: <{ours}>
To: {ADDRESS}
Subject: Your reservation

--b--
""".replace("\n", "\r\n").encode()


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_returned_letter_suppresses_whom_we_wrote_to(sent: Delivery, is_whole: bool) -> None:
    assert returned_letters.read([returned(ours(sent), is_whole=is_whole)]) == 1
    assert "no such user" in suppressions.reason_of("mail", ADDRESS)
    assert ADDRESS not in suppressions.reason_of("mail", ADDRESS)
    assert suppressions.reason_of("mail", "somebody-else@example.com") == ""
    sent.refresh_from_db()
    assert sent.outcome == "failed"
    assert sent.tries.count() == 1
    returned_letters.read([returned(ours(sent))])
    assert sent.tries.count() == 1


HARMLESS = {
    "without an id": returned(""),
    "of nobody": returned(FORGED),
    "a guest's answer": b"From: guest@example.com\r\nSubject: Hello\r\n\r\nThanks!\r\n",
    "an automatic answer": b"Content-Type: multipart/report; boundary=b\r\n\r\n--b--\r\n",
    "empty": b"",
    "no letter": b"\x00\xff" * 100,
}


@pytest.mark.parametrize("letter", HARMLESS.values(), ids=HARMLESS.keys())
def test_other_letters_suppress_nobody(sent: Delivery, letter: bytes) -> None:
    assert returned_letters.read([letter]) == 0
    assert Suppression.objects.count() == 0


@pytest.mark.parametrize(
    ("action", "status", "said"),
    [
        ("delayed", "4.4.1", "421 4.4.1 later"),
        ("delayed", "5.1.1", "550 5.1.1 no such user"),
        ("delivered", "2.0.0", "250 OK"),
        ("failed", "4.2.2", "452 4.2.2 full"),
        ("failed", "5.2.2", "552 5.2.2 full"),
        ("failed", "5.7.1", "550 5.7.1 relay denied"),
        ("failed", "5.4.1", "550 5.4.1 access denied"),
        # Of the command that it answers a bare code says nothing.
        ("failed", "5.0.0", "550 no such user"),
        ("failed", "5.0.0", "550 5.7.26 unauthenticated"),
        # Some servers make 5.1.1 of each 550.
        ("failed", "5.1.1", "550 relaying denied"),
        ("failed", "5.1.1", "550 5.7.1 blocked by policy"),
        ("failed", "5.1.1", "554 no"),
        ("failed", "5.1.1", "530 authenticate first"),
        ("failed", "5.1.100", "550 strange"),
        ("failed", "", "550 5.1.1 no such user"),
    ],
)
def test_a_returned_letter_without_a_proof_suppresses_nobody(
    sent: Delivery, action: str, status: str, said: str
) -> None:
    letter = returned(ours(sent), action=action, status=status, said=said)
    assert returned_letters.read([letter]) == 0
    assert Suppression.objects.count() == 0


@pytest.mark.parametrize(
    ("action", "status", "said"),
    [
        ("Failed (bad destination)", "5.1.1 (unknown)", "550 no such user"),
        ("failed", "5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound"),
        ("failed", "5.2.1", "550-5.2.1 The account is disabled\r\n 550 5.2.1 NoSuchUser"),
        ("failed", "5.0.0", "550 5.1.1 user unknown"),
        ("failed", "5.1.1", ""),
    ],
)
def test_a_returned_letter_with_one_suppresses(
    sent: Delivery, action: str, status: str, said: str
) -> None:
    letter = returned(ours(sent), action=action, status=status, said=said)
    assert returned_letters.read([letter]) == 1


def test_nobody_can_guess_the_id_of_a_letter(sent: Delivery) -> None:
    """What can be guessed is the number of the row, and the code of one's own reservation."""
    other = Delivery.objects.create(
        kind="reservation.confirmed", channel="mail", lane="mail", to="b@example.com",
        dedupe="b", created_at=NOON, next_try_at=NOON, done_at=NOON, outcome="sent",
    )  # fmt: skip
    other.message_id = messages.message_id(other, CODE)
    other.save()
    proof = ours(other).split(".")[2]
    guesses = [
        f"{sent.pk}.{CODE}@{settings.MAIL_DOMAIN}",
        f"{sent.pk}.{CODE}.@{settings.MAIL_DOMAIN}",
        f"{sent.pk}.{CODE}.{'0' * 16}@{settings.MAIL_DOMAIN}",
        # That of another letter, which the attacker has had.
        f"{sent.pk}.{CODE}.{proof}",
    ]
    for guess in guesses:
        # Also where the letter itself was sent with such an id, before ids had a proof.
        for stored in (ours(sent), guess):
            Delivery.objects.filter(pk=sent.pk).update(message_id=f"<{stored}>")
            assert returned_letters.read([returned(guess)]) == 0
            Delivery.objects.filter(pk=sent.pk).update(message_id=sent.message_id)
    assert Suppression.objects.count() == 0
    assert returned_letters.read([returned(ours(sent))]) == 1


def test_a_letter_of_before_a_rotation_of_the_key_comes_back(
    sent: Delivery, settings: Settings
) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another" * 9
    assert returned_letters.read([returned(ours(sent))]) == 1


def test_letters_of_erased_people_suppress_nobody(sent: Delivery) -> None:
    Delivery.objects.update(to=ERASED)
    assert returned_letters.read([returned(ours(sent))]) == 0


def test_letters_are_read_from_a_maildir_an_mbox_and_a_file(sent: Delivery, tmp_path: Path) -> None:
    single = tmp_path / "letter.eml"
    single.write_bytes(returned(ours(sent)))
    mbox = mailbox.mbox(tmp_path / "mbox")
    maildir = mailbox.Maildir(tmp_path / "maildir")
    for box in (mbox, maildir):
        box.add(returned(ours(sent)))
        box.close()
    for path in (single, tmp_path / "mbox", tmp_path / "maildir"):
        assert returned_letters.read(returned_letters.in_files(path)) == 1
    call_command("read_bounces", str(single))


def test_the_command_says_what_it_lacks(settings: Settings) -> None:
    settings.BOUNCES_URL = ""
    with pytest.raises(CommandError, match="BOUNCES_URL"):
        call_command("read_bounces")
    with pytest.raises(CommandError, match="no /nowhere"):
        call_command("read_bounces", "/nowhere")


@pytest.fixture
def imap(settings: Settings) -> Iterator[FakeMailbox]:
    with FakeMailbox(name="bounces", password="s/cret") as box:
        settings.BOUNCES_URL = f"imap://bounces:s%2Fcret@127.0.0.1:{box.port}/INBOX"
        yield box


def test_a_mailbox_is_read_once(sent: Delivery, imap: FakeMailbox) -> None:
    imap.letters += [returned(ours(sent)), b"Subject: Hello\r\n\r\nHi\r\n"]
    tasks.read_bounces()
    assert suppressions.reason_of("mail", ADDRESS)
    assert imap.seen == {1, 2}
    suppressions.lift("mail", ADDRESS)
    tasks.read_bounces()
    assert suppressions.reason_of("mail", ADDRESS) == ""


def test_a_mailbox_that_cannot_be_read_is_logged_without_its_password(
    imap: FakeMailbox, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.BOUNCES_URL = f"imap://bounces:wrong@127.0.0.1:{imap.port}/INBOX"
    tasks.read_bounces()
    settings.BOUNCES_URL = "imap://bounces:wrong@127.0.0.1:1/INBOX"
    tasks.read_bounces()
    assert caplog.text.count("cannot be read") == 2
    assert "wrong" not in caplog.text


SECRET = "provider:secret"
POSTMARK = "/letters/events/postmark/tracking/"


def report(client: Client, body: object, *, secret: str = SECRET, path: str = POSTMARK) -> int:
    signed = base64.b64encode(secret.encode()).decode()
    raw = body if isinstance(body, str) else json.dumps(body)
    answer = client.post(
        path, raw, content_type="application/json", headers={"authorization": f"Basic {signed}"}
    )
    return answer.status_code


@pytest.fixture
def events(settings: Settings) -> None:
    settings.MAIL_EVENTS_SECRET = SECRET
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET}


def bounce(**fields: object) -> dict[str, object]:
    return {
        "RecordType": "Bounce",
        "Type": "HardBounce",
        "ID": 42,
        "MessageID": FORGED,
        "Email": ADDRESS,
        "BouncedAt": "2026-11-30T12:00:00Z",
        "Description": "The server was unable to deliver your message",
    } | fields


def test_a_provider_reports_a_bounce_and_a_complaint(client: Client, events: None) -> None:
    assert report(client, bounce()) == 200
    assert suppressions.reason_of("mail", ADDRESS)
    complaint = bounce(RecordType="SpamComplaint", Type="SpamComplaint", Email="b@example.com")
    assert report(client, complaint) == 200
    assert suppressions.reason_of("mail", "b@example.com")


@pytest.mark.parametrize("kind", ["SoftBounce", "Transient", "DnsError", "AutoResponder"])
def test_what_passes_suppresses_nobody(client: Client, events: None, kind: str) -> None:
    assert report(client, bounce(Type=kind)) == 200
    assert Suppression.objects.count() == 0


def test_an_unsigned_report_is_refused(client: Client, events: None) -> None:
    assert report(client, bounce(), secret="provider:wrong") == 403
    answer = client.post(POSTMARK, json.dumps(bounce()), content_type="application/json")
    assert answer.status_code == 403
    assert Suppression.objects.count() == 0


@pytest.mark.parametrize("body", ["", "{", "[]", "7", "null", '{"RecordType": 7}', "\x00"])
def test_a_report_that_cannot_be_read_is_no_fault_of_ours(
    client: Client, events: None, body: str
) -> None:
    assert report(client, body) in {200, 400}
    assert Suppression.objects.count() == 0


@pytest.mark.parametrize(
    "path", ["postmark/inbound/", "nobody/tracking/", "", "postmark/tracking", "../../admin/"]
)
def test_only_reports_of_providers_have_a_page(client: Client, events: None, path: str) -> None:
    assert report(client, bounce(), path=f"/letters/events/{path}") == 404


def test_without_a_secret_there_is_no_page(client: Client, settings: Settings) -> None:
    settings.MAIL_EVENTS_SECRET = ""
    assert report(client, bounce()) == 404


def test_a_report_names_the_letter_and_the_desk_sees_that_it_failed(sent: Delivery) -> None:
    bounces.note(ADDRESS, reason="no such user", message_id=ours(sent))
    sent.refresh_from_db()
    assert sent.outcome == "failed"


def test_the_returned_letter_above_is_one_that_the_library_reads() -> None:
    letter: Message = mailbox.MaildirMessage(returned(FORGED))
    assert letter.get_content_type() == "multipart/report"
    assert isinstance(EmailMessage(), Message)
