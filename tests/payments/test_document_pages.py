"""Documents as they are printed: HTML, PDF, languages, and how long they name somebody."""

import re
import zlib
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import RequestFactory
from freezegun.api import FrozenDateTimeFactory

from payments import recording, tasks
from payments.documents import answers, audits, invoices, name_terms, page, pdf
from payments.documents.issuance import Recipient
from payments.methods import Method
from payments.models import Document
from payments.recording import Taken
from reservations.models import Reservation
from reservations.privacy import data_export, erasure, subjects
from tests.factories import DESK, hold, make_venue
from tests.guests.factories import UserFactory
from venues.models import Venue

pytestmark = pytest.mark.django_db

PAPER = Path(__file__).resolve().parents[2] / "payments" / "static" / "payments" / "document.css"


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, settings: Any) -> Path:
    folder = tmp_path / "documents"
    options = {"location": str(folder)}
    backend = "django.core.files.storage.FileSystemStorage"
    settings.STORAGES = {
        **settings.STORAGES,
        "documents": {"BACKEND": backend, "OPTIONS": options},
    }
    return folder


@pytest.fixture
def row() -> Reservation:
    row = hold(make_venue("restaurant", confirms_at_once=True, units=3))
    Venue.objects.filter(pk=row.venue_id).update(name="<b>Aurora</b>", tax_number="NL1B01")
    return Reservation.objects.select_related("venue").get(pk=row.pk)


def invoice(row: Reservation, **wish: Any) -> Document:
    return invoices.issue(row.pk, by=DESK, **wish).document


def test_a_page_says_all_and_runs_nothing(row: Reservation) -> None:
    recording.record(row.pk, Taken(method=Method.CASH, amount_minor=400), by=DESK)
    wish = Recipient(name="<script>x</script>", address="A & B\nLondon")
    document = invoice(row, recipient=wish)
    text = page.html(document)
    for said in (
        document.number, "€10.00", "€4.00", "€6.00", row.code, "NL1B01",
        "&lt;script&gt;x&lt;/script&gt;", "A &amp; B<br>London", "&lt;b&gt;Aurora",
    ):  # fmt: skip
        assert said in text, said
    assert "<script" not in text and "style=" not in text and "http" not in text
    assert text.count("<h1>") == 1 and '<html lang="en">' in text
    assert 'href="/static/payments/document.css"' in text
    style = PAPER.read_text()
    assert "@media print" in style and "url(" not in style and "@import" not in style


def test_a_document_stays_in_the_language_of_its_reservation(row: Reservation) -> None:
    Reservation.objects.filter(pk=row.pk).update(language="nl")
    text = page.html(invoice(row))
    assert '<html lang="nl">' in text
    assert "<h1>Factuur</h1>" in text and "€ 10,00".replace(" ", "\u00a0") in text
    assert "Invoice" not in text


def test_a_credit_note_names_its_invoice(row: Reservation) -> None:
    first = invoice(row)
    text = page.html(invoices.credit(first.number, by=DESK))
    assert first.number in text and "Credit note" in text and "-10.00" in text


@pytest.mark.parametrize(
    ("accept", "is_there", "gets"),
    [
        ("*/*", True, answers.HTML),
        ("text/html", True, answers.HTML),
        ("application/json", True, answers.HTML),
        ("application/pdf", True, answers.PDF),
        ("application/pdf, text/html;q=0.5", True, answers.PDF),
        ("application/pdf, text/html;q=0.5", False, answers.HTML),
        ("application/pdf", False, None),
        ("", False, answers.HTML),
    ],
)
def test_what_is_accepted_is_sent(
    monkeypatch: pytest.MonkeyPatch, accept: str, is_there: bool, gets: str | None
) -> None:
    monkeypatch.setattr(pdf, "is_installed", lambda: is_there)
    request = RequestFactory(headers={"Accept": accept} if accept else {}).get("/")
    assert answers.preferred(request) == gets


def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was drawn by a stand-in, since WeasyPrint is not among what tests need."""
    texts: list[str] = []

    def draw(text: str, style: str) -> bytes:
        texts.append(text)
        return f"%PDF {len(texts)}".encode()

    monkeypatch.setattr(pdf, "draw", draw)
    return texts


def test_a_pdf_is_drawn_once_and_anew_when_it_would_look_different(
    row: Reservation, monkeypatch: pytest.MonkeyPatch, kept: Path
) -> None:
    texts, document = drawn(monkeypatch), invoice(row)
    assert [pdf.of(document), pdf.of(document)] == [b"%PDF 1", b"%PDF 1"]
    monkeypatch.setattr(page, "style", lambda: "p {}")
    assert pdf.of(document) == b"%PDF 2" and len(texts) == 2
    assert len(list(kept.rglob("*.pdf"))) == 1


def test_a_recipient_is_named_until_the_term_ends(
    row: Reservation, monkeypatch: pytest.MonkeyPatch, kept: Path, settings: Any,
    frozen: FrozenDateTimeFactory,
) -> None:  # fmt: skip
    settings.DOCUMENT_YEARS = 7
    drawn(monkeypatch)
    document = invoice(row, recipient=Recipient(name="Ada", address="Main Street 1"))
    pdf.of(document)
    # Issued in 2027: kept to the end of 2034.
    frozen.move_to(datetime(2034, 12, 31, 23, 59, 59, tzinfo=UTC))
    assert not name_terms.ended(datetime.now(UTC)).exists()
    frozen.move_to(datetime(2035, 1, 1, tzinfo=UTC))
    assert list(name_terms.ended(datetime.now(UTC))) == [document]


@pytest.mark.django_db(transaction=True)
def test_the_sweep_blanks_names_and_deletes_their_pdfs(
    row: Reservation, monkeypatch: pytest.MonkeyPatch, kept: Path, frozen: FrozenDateTimeFactory
) -> None:
    drawn(monkeypatch)
    document = invoice(row, recipient=Recipient(name="Ada", address="Main Street 1"))
    pdf.of(document)
    tasks.blank_old_documents()
    document.refresh_from_db()
    assert document.recipient_name == "Ada"
    frozen.move_to(datetime(2038, 1, 1, tzinfo=UTC))
    tasks.blank_old_documents()
    document.refresh_from_db()
    assert (document.recipient_name, document.recipient_address) == ("", "")
    assert list(kept.rglob("*.pdf")) == []
    assert document.total_minor == 1_000 and list(audits.faults()) == []


@pytest.mark.django_db(transaction=True)
def test_erasing_keeps_the_invoice_and_an_export_tells_of_it(row: Reservation) -> None:
    user = UserFactory.create(first_name="Ada", last_name="Lovelace")
    Reservation.objects.filter(pk=row.pk).update(guest=user)
    recording.record(row.pk, Taken(method=Method.CASH, amount_minor=400), by=DESK)
    document = invoice(row)
    told = data_export.of_account(user)["further"]
    assert [one["number"] for one in told["documents"]] == list(
        Document.objects.values_list("number", flat=True)
    )
    assert [one["amount_minor"] for one in told["payments"]] == [400]
    assert erasure.preview(subjects.of_user(user))
    erasure.erase_person(user, by=DESK)
    document.refresh_from_db()
    assert document.recipient_name == "Ada Lovelace"
    assert set(Document.objects.exclude(pk=document.pk).values_list("recipient_name")) == {("",)}


def unguarded(statement: str, values: list[Any]) -> None:
    """Changes a document as nobody can while it is sealed."""
    table = Document._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(statement, values)
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            return
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table]
        )
        guards = cursor.fetchall()
        for name, _sql in guards:
            cursor.execute(f'DROP TRIGGER "{name}"')
        cursor.execute(statement, values)
        for _name, sql in guards:
            cursor.execute(sql)


DAMAGE = {
    "a gap": ("DELETE FROM payments_document WHERE sequence = 1", "missing"),
    "a total": ("UPDATE payments_document SET total_minor = 7 WHERE sequence = 2", "add up to"),
    "taxes": ("UPDATE payments_document SET taxes = '[1]' WHERE sequence = 2", "taxes"),
    "a number": ("UPDATE payments_document SET number = 'X-1' WHERE sequence = 2", "would print"),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", DAMAGE)
def test_the_doctor_finds_what_is_wrong_with_documents(row: Reservation, name: str) -> None:
    for amount in (400, 600, 100):
        recording.record(row.pk, Taken(method=Method.CASH, amount_minor=amount), by=DESK)
    out = StringIO()
    call_command("doctor", stdout=out)
    statement, said = DAMAGE[name]
    unguarded(statement, [])
    with pytest.raises(CommandError, match="faults of documents"):
        call_command("doctor", stdout=out)
    assert re.search(rf"^(document|series) \d+ .*{said}", out.getvalue(), re.MULTILINE)


def inflated(made: bytes) -> bytes:
    """A PDF with its streams as they were before they were compressed."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", made, re.DOTALL)
    texts = [made]
    for stream in streams:
        try:
            texts.append(zlib.decompress(stream))
        except zlib.error:
            texts.append(stream)
    return b"".join(texts)


def test_weasyprint_draws_a_tagged_page_and_fetches_nothing(
    row: Reservation, tmp_path: Path
) -> None:
    pytest.importorskip("weasyprint")
    secret = tmp_path / "secret.txt"
    secret.write_text("a secret")
    text = page.html(invoice(row), is_for_print=True)
    made = pdf.draw(text, page.style())
    assert made.startswith(b"%PDF") and b"pdfuaid" in inflated(made)
    hostile = text.replace(
        "</head>",
        f'<link rel="attachment" href="{secret.as_uri()}">'
        f'<link rel="stylesheet" href="{secret.as_uri()}"></head>',
    ).replace("</main>", f'<img alt="x" src="{secret.as_uri()}"></main>')
    drawn_of_it = inflated(pdf.draw(hostile, page.style()))
    assert b"EmbeddedFile" not in drawn_of_it and b"a secret" not in drawn_of_it
