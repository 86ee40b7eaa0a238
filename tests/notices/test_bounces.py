"""Letters that came back: their addresses are left alone, and the desk sees it."""

import base64
import json
import mailbox
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage, Message
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from pytest_django import Settings

from notices import bounces, returned_letters, suppressions, tasks
from notices.models import Delivery, Suppression
from notices.privacy import ERASED
from tests.notices.imap import FakeMailbox

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
ADDRESS = "guest@example.com"
OURS = "17.ABCDEFGHJK@holdfast.example"

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent() -> Delivery:
    return Delivery.objects.create(
        kind="reservation.confirmed",
        channel="mail",
        lane="mail",
        to=ADDRESS,
        dedupe="a",
        created_at=NOON,
        next_try_at=NOON,
        done_at=NOON,
        outcome="sent",
        message_id=f"<{OURS}>",
    )


def returned(
    *, action: str = "failed", status: str = "5.1.1", ours: str = OURS, is_whole: bool = True
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
Diagnostic-Code: smtp; 550 5.1.1 <{ADDRESS}>: no such user

--b
Content-Type: {part}

Message-ID: <{ours}>
To: {ADDRESS}
Subject: Your reservation

--b--
""".replace("\n", "\r\n").encode()


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_returned_letter_suppresses_whom_we_wrote_to(sent: Delivery, is_whole: bool) -> None:
    assert returned_letters.read([returned(is_whole=is_whole)]) == 1
    assert "no such user" in suppressions.reason_of("mail", ADDRESS)
    assert ADDRESS not in suppressions.reason_of("mail", ADDRESS)
    assert suppressions.reason_of("mail", "somebody-else@example.com") == ""
    sent.refresh_from_db()
    assert sent.outcome == "failed"
    assert sent.tries.count() == 1
    returned_letters.read([returned()])
    assert sent.tries.count() == 1


HARMLESS = {
    "delayed": returned(action="delayed", status="4.4.1"),
    "for a while": returned(status="4.2.2"),
    "delivered": returned(action="delivered", status="2.0.0"),
    # Anybody can write one: it counts only for a letter of ours.
    "not of ours": returned(ours="1.FORGEDCODE@holdfast.example"),
    "without an id": returned(ours=""),
    "a guest's answer": b"From: guest@example.com\r\nSubject: Hello\r\n\r\nThanks!\r\n",
    "an automatic answer": b"Content-Type: multipart/report; boundary=b\r\n\r\n--b--\r\n",
    "empty": b"",
    "no letter": b"\x00\xff" * 100,
}


@pytest.mark.parametrize("letter", HARMLESS.values(), ids=HARMLESS.keys())
def test_other_letters_suppress_nobody(sent: Delivery, letter: bytes) -> None:
    assert returned_letters.read([letter]) == 0
    assert Suppression.objects.count() == 0


def test_letters_of_erased_people_suppress_nobody(sent: Delivery) -> None:
    Delivery.objects.update(to=ERASED)
    assert returned_letters.read([returned()]) == 0


def test_letters_are_read_from_a_maildir_an_mbox_and_a_file(sent: Delivery, tmp_path: Path) -> None:
    single = tmp_path / "letter.eml"
    single.write_bytes(returned())
    mbox = mailbox.mbox(tmp_path / "mbox")
    maildir = mailbox.Maildir(tmp_path / "maildir")
    for box in (mbox, maildir):
        box.add(returned())
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
    imap.letters += [returned(), b"Subject: Hello\r\n\r\nHi\r\n"]
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
        "MessageID": OURS,
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


@pytest.mark.parametrize("kind", ["Transient", "DnsError", "AutoResponder"])
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
    bounces.note(ADDRESS, reason="no such user", message_id=OURS)
    sent.refresh_from_db()
    assert sent.outcome == "failed"


def test_the_returned_letter_above_is_one_that_the_library_reads() -> None:
    letter: Message = mailbox.MaildirMessage(returned())
    assert letter.get_content_type() == "multipart/report"
    assert isinstance(EmailMessage(), Message)
