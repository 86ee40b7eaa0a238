"""Puts texts that people type or paste into the form in which they are counted and stored."""

import re
import unicodedata

JOINERS = "\u200c\u200d"
"""They join or part letters of Persian, Sinhala and other scripts, and belong to the spelling."""

_RUN = re.compile(f"[{JOINERS}]+")

# Marks of direction, of the beginning of a file and of places to break a line. They come along with
# what is copied from contacts, chats and pages, and nobody sees them.
_INVISIBLE = dict.fromkeys(
    [
        0x00AD, 0x061C, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), 0x2060,
        *range(0x2066, 0x206A), 0xFEFF,
    ]
)  # fmt: skip


def clean(raw: str) -> str:
    """Returns a text of one line as it is stored: composed, trimmed, with ordinary spaces.

    Marks that nobody sees are gone, but for joiners inside words. Other control characters stay:
    `is_printable` judges them.
    """
    if raw.isascii() and raw.isprintable():
        return raw.strip()
    composed = unicodedata.normalize("NFC", raw.translate(_INVISIBLE))
    spaced = "".join(" " if unicodedata.category(each) == "Zs" else each for each in composed)
    return unicodedata.normalize("NFC", _without_loose_joiners(spaced).strip())


def clean_lines(raw: str) -> str:
    """Returns a text of several lines as it is stored. Lines end with a line feed."""
    lines = raw.replace("\r\n", "\n").split("\n")
    return "\n".join(clean(line) for line in lines).strip()


def is_printable(text: str) -> bool:
    """Tells whether a text of one line has nothing that cannot be shown. Joiners are all right."""
    return text.translate(dict.fromkeys(map(ord, JOINERS))).isprintable()


def _without_loose_joiners(text: str) -> str:
    if not any(joiner in text for joiner in JOINERS):
        return text
    return _RUN.sub(_joiner, text)


def _joiner(run: re.Match[str]) -> str:
    """Returns what stays of joiners: the first, between letters that are not those of ASCII."""
    before, after = run.string[: run.start()][-1:], run.string[run.end() :][:1]
    is_inside = bool(before and after) and not (before.isascii() or after.isascii())
    return run.group()[0] if is_inside else ""
