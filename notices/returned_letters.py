"""Reads letters that mail servers sent back: delivery status notifications of RFC 3464."""

import imaplib
import mailbox
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from email import message_from_bytes, policy
from email.message import Message
from pathlib import Path
from urllib.parse import unquote, urlsplit

from notices import bounces
from notices.mail import refusals

_LARGEST = 2_000_000
"""Bytes of a returned letter that are read. Servers send the start of ours back, seldom all."""


def read(letters: Iterable[bytes]) -> int:
    """Notes each address that is not there. Returns how many; other letters are passed over.

    Anybody can write such a letter. It counts only for the recipient of the letter of ours that it
    returns, and names that letter by its Message-ID, which nobody else can guess.
    """
    refusals = (each for raw in letters for each in _refusals(raw[:_LARGEST]))
    return sum(bounces.note_returned(ours, reason=reason) for ours, reason in refusals)


def in_files(path: Path) -> Iterator[bytes]:
    """Yields the letters of a Maildir, of an mbox, or of a file that is one letter."""
    if path.is_dir():
        yield from (bytes(letter) for letter in mailbox.Maildir(path, create=False))
        return
    with path.open("rb") as file:
        is_mbox = file.read(5) == b"From "
    if is_mbox:
        with closing(mailbox.mbox(path, create=False)) as box:
            yield from (bytes(letter) for letter in box)
    else:
        yield path.read_bytes()


def in_mailbox(url: str) -> Iterator[bytes]:
    """Yields the unread letters of an IMAP mailbox, each marked as read once it was handled.

    `url` is such as `imaps://name:password@host/INBOX`. Raises OSError and imaplib.IMAP4.error.
    """
    with _opened(url) as box:
        _ok, (numbers, *_rest) = box.search(None, "UNSEEN")
        for number in numbers.split():
            _ok, parts = box.fetch(number, "(BODY.PEEK[])")
            yield from (part[1] for part in parts if isinstance(part, tuple))
            # Only now: what is not handled is read again the next time.
            box.store(number, "+FLAGS", r"(\Seen)")


@contextmanager
def _opened(url: str) -> Iterator[imaplib.IMAP4]:
    at = urlsplit(url)
    box = _connect(url)
    try:
        box.login(unquote(at.username or ""), unquote(at.password or ""))
        box.select(unquote(at.path.strip("/")) or "INBOX")
        yield box
    finally:
        box.logout()


def _connect(url: str) -> imaplib.IMAP4:
    at = urlsplit(url)
    host = at.hostname or ""
    if at.scheme == "imaps":
        return imaplib.IMAP4_SSL(host, at.port or 993, timeout=10)
    return imaplib.IMAP4(host, at.port or 143, timeout=10)


def _refusals(raw: bytes) -> Iterator[tuple[str, str]]:
    """Yields (Message-ID of our letter, reason) for each recipient that is not there."""
    # The policy that reads no header, since some bad ones raise IndexError in the others.
    letter = message_from_bytes(raw, policy=policy.compat32)
    if letter.get_content_type() != "multipart/report":
        return
    ours = _our_id(letter)
    for part in letter.walk():
        if part.get_content_type() == "message/delivery-status":
            found = part.get_payload()
            for each in found if isinstance(found, list) else []:
                if isinstance(each, Message) and _is_of_the_mailbox(each):
                    yield ours, _reason(each)


def _is_of_the_mailbox(fields: Message) -> bool:
    # What follows the word is a comment.
    action = [*str(fields.get("Action", "")).lower().split(), ""][0]
    return action == "failed" and refusals.is_of_the_mailbox(_status(fields), _said(fields))


def _reason(fields: Message) -> str:
    return _said(fields) or f"refused with status {_status(fields)}"


def _said(fields: Message) -> str:
    return " ".join(str(fields.get("Diagnostic-Code", "")).partition(";")[2].split())


def _status(fields: Message) -> str:
    return [*str(fields.get("Status", "")).split(), ""][0]


def _our_id(letter: Message) -> str:
    for part in letter.walk():
        kind = part.get_content_type()
        if kind == "message/rfc822":
            inner = part.get_payload()
            first = inner[0] if isinstance(inner, list) and inner else None
            return str(first.get("Message-ID", "")) if isinstance(first, Message) else ""
        if kind == "text/rfc822-headers":
            headers = part.get_payload(decode=True)
            inner = message_from_bytes(headers if isinstance(headers, bytes) else b"")
            return str(inner.get("Message-ID", ""))
    return ""
