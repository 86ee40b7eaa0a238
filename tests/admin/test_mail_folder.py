"""Administrators of an embedded product read the letters that were written to files."""

from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from pytest_django import Settings

from tests.admin.browsing import text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

FOLDER = "/admin/sent/folder/"


@pytest.fixture(autouse=True)
def letters(settings: Settings, tmp_path: Path) -> Path:
    settings.EMAIL_BACKEND = "notices.mail.files.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    return tmp_path


def write(subject: str = "Your table", html: str = "<p>Welcome</p>") -> None:
    letter = EmailMultiAlternatives(subject, "Welcome, Ada", "b@example.com", ["ada@example.com"])
    letter.attach_alternative(html, "text/html")
    letter.attach_alternative("BEGIN:VCALENDAR", "text/calendar; method=REQUEST")
    mail.get_connection(fail_silently=False).send_messages([letter])


def name_of(folder: Path) -> str:
    return next(file.name for file in folder.iterdir())


def test_the_newest_letter_comes_first(boss: Client, letters: Path) -> None:
    assert "No letter was written yet" in text_of(boss.get(FOLDER))
    write("The first")
    write("The second")
    text = text_of(boss.get(FOLDER))
    assert text.index("The second") < text.index("The first")


def test_a_letter_is_read_downloaded_and_seen_as_a_mail_program_shows_it(
    boss: Client, letters: Path
) -> None:
    write(html="<p>Hi</p><script>alert(1)</script>")
    page = f"{FOLDER}{name_of(letters)}/"
    text = text_of(boss.get(page))
    for word in ("Welcome, Ada", "ada@example.com", "BEGIN:VCALENDAR"):
        assert word in text
    html = boss.get(f"{page}html/")
    assert b"<p>Hi</p>" in html.content
    # What a letter holds runs nowhere.
    assert "sandbox" in html["Content-Security-Policy"]
    assert "'none'" in html["Content-Security-Policy"]
    file: Any = boss.get(f"{page}file/")
    assert file["Content-Type"] == "message/rfc822"
    assert file.content == (letters / name_of(letters)).read_bytes()


def test_texts_are_shown_too(boss: Client, letters: Path) -> None:
    (letters / "sms.txt").write_text("Your table waits", encoding="utf-8")
    assert "Your table waits" in text_of(boss.get(f"{FOLDER}sms.txt/"))
    assert boss.get(f"{FOLDER}sms.txt/html/").status_code == 404


@pytest.mark.parametrize("name", ["..", "..%2f..%2fsettings", "holdfast.sqlite3", "no.eml", "%00"])
def test_no_name_leads_out_of_the_folder(boss: Client, letters: Path, name: str) -> None:
    (letters / "holdfast.sqlite3").write_text("secret", encoding="utf-8")
    write()
    for page in ("", "html/", "file/"):
        assert boss.get(f"{FOLDER}{name}/{page}").status_code in {301, 302, 404, 400}


def test_it_is_for_administrators_alone(desk: Client, letters: Path) -> None:
    write()
    for page in ("", f"{name_of(letters)}/", f"{name_of(letters)}/html/"):
        assert desk.get(f"{FOLDER}{page}").status_code == 403


def test_where_letters_leave_there_is_no_folder(boss: Client, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    assert boss.get(FOLDER).status_code == 404
