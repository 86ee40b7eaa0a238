"""Cuts text messages at three segments, so that none costs more."""

MOST = 3
"""Segments of one text message."""
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")
"""Letters that take two places in the alphabet of GSM (3GPP TS 23.038)."""


def is_plain(text: str) -> bool:
    """Says whether the alphabet of GSM has every letter. Others halve what fits."""
    return all(letter in _BASIC or letter in _EXTENDED for letter in text)


def count(text: str) -> int:
    """Returns how many segments a text takes."""
    one, several = (160, 153) if is_plain(text) else (70, 67)
    length = _length(text, is_plain=is_plain(text))
    return 1 if length <= one else -(-length // several)


def cut(text: str) -> str:
    """Returns the text, shortened where it takes more than `MOST` segments."""
    if count(text) <= MOST:
        return text
    plain = is_plain(text)
    end = "..." if plain else "…"
    most = MOST * (153 if plain else 67) - len(end)
    taken, kept = 0, 0
    for letter in text:
        taken += _length(letter, is_plain=plain)
        if taken > most:
            break
        kept += 1
    return text[:kept].rstrip() + end


def _length(text: str, *, is_plain: bool) -> int:
    if is_plain:
        return sum(2 if letter in _EXTENDED else 1 for letter in text)
    return len(text.encode("utf-16-be")) // 2
