"""The one form of texts in which they are searched, and what a searcher's words become in it.

A search text is ` smit tom 31201234567 abcd23efgh `: words of letters and digits, without accents
and capitals, a space before and after each. What somebody types becomes pieces of it.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

LONGEST_ASKED = 120
"""Characters of a search that are read."""

_MOST_WORDS = 12
_INFIX = 3
"""Letters from which a piece may stand within a word. A shorter one begins a word."""

# What has no decomposition in Unicode, in the letters that people type for it.
_LETTERS = str.maketrans(
    {
        "ø": "o", "đ": "d", "ł": "l", "ħ": "h", "ı": "i", "ŧ": "t", "æ": "ae", "œ": "oe",
        "þ": "th", "ð": "d", "ß": "ss", "ŋ": "n", "ĸ": "k",
    }
)  # fmt: skip
_APOSTROPHES = str.maketrans(dict.fromkeys("'’‘ʼʻ`´′＇‛"))
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
_DIALLED = re.compile(r"^[+\d\s().,/-]*\d[+\d\s().,/-]*$")
_PLAIN = re.compile(r"[a-z0-9]+")
_TRUNK_ZERO = re.compile(r"\(\s*0\s*\)")


def of_person(*names: str, phone: str = "", email: str = "", marks: Iterable[str] = ()) -> str:
    """Returns the search text of a person. `marks` are codes and plates, read as one word each."""
    words = [word for name in names for word in _spellings(name)]
    words += re.sub(r"\D", "", phone), *_words(email), *map(compact, marks)
    return _joined(words)


def of_place(*texts: str) -> str:
    """Returns the search text of a place by its name, city and address."""
    return _joined(word for text in texts for word in _spellings(text))


def compact(text: str) -> str:
    """Returns the letters and digits of a code or plate, folded."""
    return "".join(_words(text))


def code(typed: str) -> str:
    """Returns the code of a reservation as stored: its letters and digits, in capitals."""
    return compact(typed[:LONGEST_ASKED]).upper()


def pieces(asked: str) -> list[list[str]]:
    """Returns what a search text must contain: all pieces of any of these lists. [] for nothing.

    A piece that begins with a space begins a word.
    """
    text = asked[:LONGEST_ASKED]
    words = _words(text)[:_MOST_WORDS]
    if not words:
        return []
    found = [_pieces_of(words)]
    whole = "".join(words)
    if len(words) > 1 and any(each.isdigit() for each in whole):
        # A plate or a code, with its dashes and spaces.
        found.append(_pieces_of([whole]))
        found.append(_pieces_of(map(compact, text.split()[:_MOST_WORDS])))
    if _DIALLED.match(text):
        digits = re.sub(r"\D", "", _TRUNK_ZERO.sub("", text)).lstrip("0")
        # Stored numbers begin with the country code.
        found.append(_pieces_of([digits]))
    return [one for place, one in enumerate(found) if one and one not in found[:place]]


def matches(text: str, asked: str) -> bool:
    """Tells whether a search text has what is asked. Punctuation alone is in no text."""
    lists = pieces(asked)
    return any(all(piece in text for piece in one) for one in lists)


def _pieces_of(words: Iterable[str]) -> list[str]:
    return [word if len(word) >= _INFIX else f" {word}" for word in words if word]


def _spellings(text: str) -> Iterator[str]:
    """Yields the words of a name, and those with umlauts also as they are written without."""
    yield from _words(text)
    if text.isascii():
        return
    composed = unicodedata.normalize("NFC", text).lower()
    for word in composed.split():
        if word.translate(_UMLAUTS) != word:
            yield from _words(word.translate(_UMLAUTS))


def _words(text: str) -> list[str]:
    if text.isascii():
        # Most texts are, and every booking passes here.
        return _PLAIN.findall(text.replace("'", "").replace("`", "").lower())
    return "".join(_letters(text)).split()


def _letters(text: str) -> Iterator[str]:
    folded = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES)).casefold()
    for each in unicodedata.normalize("NFKD", folded.translate(_LETTERS)):
        kind = unicodedata.category(each)
        if kind == "Nd":
            yield str(unicodedata.decimal(each))
        elif kind[0] in "LN":
            yield each
        elif kind not in ("Mn", "Cf"):
            yield " "


def _joined(words: Iterable[str]) -> str:
    once = dict.fromkeys(word for word in words if word)
    return f" {' '.join(once)} " if once else ""
