"""Removes what is left of a person outside the rows: letters in files, and pages SQLite freed."""

import email
import logging
from collections.abc import Collection, Iterator
from email import policy
from pathlib import Path

from django.conf import settings
from django.db import OperationalError, connection

log = logging.getLogger(__name__)

_KINDS = (".log", ".eml", ".txt")
"""Of letters and of texts that are kept as files."""
_BETWEEN = "-" * 79


def letters(words: Collection[str]) -> list[Path]:
    """Returns the files of letters (embedded) with any of these words, in any case."""
    needles = [word.casefold() for word in words if word]
    folder = Path(settings.EMAIL_FILE_PATH)
    if not needles or not folder.is_dir():
        return []
    files = sorted(file for file in folder.iterdir() if file.suffix in _KINDS)
    return [file for file in files if _says(file, needles)]


def delete_letters(words: Collection[str]) -> int:
    """Deletes those files. Returns how many."""
    found = letters(words)
    for file in found:
        file.unlink(missing_ok=True)
    return len(found)


def overwrite_freed_pages() -> None:
    """Writes SQLite's log back and empties it. With `secure_delete`, freed pages are zeros then.

    Does nothing on PostgreSQL or inside a transaction. If readers keep the log open, it stays
    until the hourly clean-up, which calls this too.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except OperationalError as error:
        log.warning("SQLite's log could not be written back: %s", error)


def _says(file: Path, needles: Collection[str]) -> bool:
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return False
    return any(needle in said for said in _read(text) for needle in needles)


def _read(text: str) -> Iterator[str]:
    """Yields the file as it is, and each letter in it with headers and body decoded."""
    yield text.casefold()
    for one in text.split(_BETWEEN):
        letter = email.message_from_string(one.lstrip("\n"), policy=policy.default)
        yield "\n".join(str(value) for value in letter.values()).casefold()
        for part in letter.walk():
            if part.get_content_maintype() == "text":
                yield str(part.get_content()).casefold()
