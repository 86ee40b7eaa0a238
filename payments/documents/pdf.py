"""A document as a PDF, where WeasyPrint is installed: the page itself, tagged (PDF/UA-1).

WeasyPrint reads no file and no address: nothing that a guest wrote can bring one in. A PDF is made
when somebody asks for it, and kept under a hash of what it was made from.
"""

import hashlib
import logging
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NoReturn

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages

from payments.documents import page
from payments.models import Document

VARIANT = "pdf/ua-1"


def is_installed() -> bool:
    """True when documents can be had as PDF here: WeasyPrint and its libraries are there."""
    return _library() is not None


def of(document: Document) -> bytes:
    """Returns a document as PDF, made now or kept from before. Assumes that it `is_installed`."""
    text, style = page.html(document, is_for_print=True), page.style()
    made_from = f"{VARIANT} {_version()}\n{style}\n{text}"
    name = f"{folder_of(document)}/{hashlib.sha256(made_from.encode()).hexdigest()}.pdf"
    storage = _storage()
    if storage.exists(name):
        with storage.open(name) as file:
            kept: bytes = file.read()
        return kept
    drawn = draw(text, style)
    # What it was before, such as with another style, is not asked for again.
    forget(document)
    storage.save(name, ContentFile(drawn))
    return drawn


def forget(document: Document) -> None:
    """Deletes the PDF of a document that was kept, if there is one."""
    storage, folder = _storage(), folder_of(document)
    try:
        _folders, files = storage.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    for name in files:
        storage.delete(f"{folder}/{name}")


def folder_of(document: Document) -> str:
    """Returns the folder of a document's PDF in its storage."""
    return document.number


def draw(text: str, style: str) -> bytes:
    """Returns HTML as PDF. Raises nothing for what it asks to be fetched: that is left out."""
    library = _library()
    assert library is not None
    html = library.HTML(string=text, url_fetcher=_closed(library))
    css = library.CSS(string=style, url_fetcher=_closed(library))
    drawn: bytes = html.write_pdf(stylesheets=[css], pdf_variant=VARIANT)
    return drawn


@cache
def _library() -> Any:
    if find_spec("weasyprint") is None:
        return None
    try:
        library = import_module("weasyprint")
    except OSError:
        # Pango, which it draws texts with, is not on this machine.
        return None
    # It tells each step, and every resource that it was not given.
    for name in ("weasyprint", "weasyprint.progress"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return library


def _version() -> str:
    return str(getattr(_library(), "__version__", ""))


def _closed(library: Any) -> Any:
    """Returns a fetcher that fetches nothing."""
    fetchers = import_module(f"{library.__name__}.urls")

    class Closed(fetchers.URLFetcher):  # type: ignore[name-defined,misc]
        def fetch(self, url: str, headers: Any = None) -> NoReturn:
            raise ValueError("documents fetch nothing")

    return Closed()


def _storage() -> Storage:
    return storages["documents"]
