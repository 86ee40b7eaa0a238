"""Pages for administrators of an embedded product: its letters and texts, written to files.

Nothing leaves such a product. Whoever tries it out reads here what a guest would get.
"""

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from csp.constants import HEADER
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from desk.context import page
from desk.scoping import is_administrator

FILES = "notices.mail.files.EmailBackend"

MOST = 100
"""Letters in the list. The folder has the others."""

_SUFFIXES = (".eml", ".txt")
_AS_MAIL = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
"""A letter is shown as mail programs show it: without scripts, forms or pictures of others."""


@never_cache
@require_GET
def folder(request: HttpRequest) -> HttpResponse:
    """Lists the newest letters and texts."""
    found = sorted(_files(request), key=lambda file: file.name, reverse=True)
    letters = [{"name": file.name, **_head(file)} for file in found[:MOST]]
    return page(
        request,
        "mail_folder",
        title=_("Letters in files"),
        letters=letters,
        folder=settings.EMAIL_FILE_PATH,
        is_long=len(found) > MOST,
    )


@never_cache
@require_GET
def letter(request: HttpRequest, name: str) -> HttpResponse:
    """Shows a letter: its headers, text and calendar entry."""
    file = _file(request, name)
    found = _read(file)
    html = found.get_body(("html",))
    return page(
        request,
        "mail_letter",
        title=str(found.get("Subject", "")) or file.name,
        file_name=file.name,
        headers=[(key, str(value)) for key, value in found.items()],
        text=_text(found, "plain"),
        has_html=html is not None,
        calendar=_calendar(found),
    )


@never_cache
@require_GET
def letter_html(request: HttpRequest, name: str) -> HttpResponse:
    """Shows the HTML of a letter alone, as a mail program does."""
    found = _read(_file(request, name))
    if found.get_body(("html",)) is None:
        raise Http404("This letter has no HTML.")
    answer = HttpResponse(_text(found, "html"))
    answer[HEADER] = _AS_MAIL
    return answer


@never_cache
@require_GET
def letter_file(request: HttpRequest, name: str) -> HttpResponse:
    """Sends a letter as the file that it is, for a mail program to open."""
    file = _file(request, name)
    answer = HttpResponse(file.read_bytes(), content_type="message/rfc822")
    answer["Content-Disposition"] = f'attachment; filename="{file.name}"'
    return answer


def are_kept() -> bool:
    """Tells whether letters are written to files here, and do not leave."""
    return str(settings.EMAIL_BACKEND) == FILES


def _files(request: HttpRequest) -> Iterator[Path]:
    if not is_administrator(request):
        raise PermissionDenied
    where = Path(settings.EMAIL_FILE_PATH)
    if not are_kept():
        raise Http404("Letters leave this product, and are not kept in files.")
    if where.is_dir():
        yield from (file for file in where.iterdir() if file.suffix in _SUFFIXES)


def _file(request: HttpRequest, name: str) -> Path:
    # Only what is in the list, so that no name leads out of the folder.
    for file in _files(request):
        if file.name == name:
            return file
    raise Http404("There is no such letter.")


def _head(file: Path) -> dict[str, Any]:
    found = _read(file)
    return {
        "subject": str(found.get("Subject", "")) or file.name,
        "to": str(found.get("To", "")),
        "date": str(found.get("Date", "")),
    }


def _read(file: Path) -> EmailMessage:
    raw = file.read_bytes()
    if file.suffix == ".eml":
        return message_from_bytes(raw, policy=policy.default)
    text = EmailMessage()
    text.set_content(raw.decode("utf-8", errors="replace"))
    return text


def _text(found: EmailMessage, kind: str) -> str:
    part = found.get_body((kind,))
    return str(part.get_content()) if isinstance(part, EmailMessage) else ""


def _calendar(found: EmailMessage) -> str:
    for part in found.walk():
        if part.get_content_type() == "text/calendar" and isinstance(part, EmailMessage):
            return str(part.get_content())
    return ""
