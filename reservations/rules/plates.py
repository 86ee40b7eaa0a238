"""Compares vehicle plates: by their letters and digits alone."""


def folded(plate: str) -> str:
    """The letters and digits of a plate, in upper case: `ab-12 cd` and `AB12CD` are one plate."""
    return "".join(letter for letter in plate.upper() if letter.isalnum())


def key_of(plate: str) -> str | None:
    """The folded plate as a reservation stores it: None where it has no letter or digit."""
    return folded(plate) or None
