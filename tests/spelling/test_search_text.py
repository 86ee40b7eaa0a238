"""What somebody types and what is stored are compared in one form."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spelling import search_text

STORED = search_text.of_person(
    "José", "Müller-O’Brien", phone="+31201234567", email="jose@zürich.example",
    marks=("AB-12-CD", "K7WQ2M9XPA"),
)  # fmt: skip


@pytest.mark.parametrize(
    "asked",
    ["jose", "JOSÉ", "Jose\u0301", "josé müller", "Müller, José", "muller", "mueller", "O'Brien",
     "O’Brien", "obrien", "020 123 4567", "+31 (0)20 123 45 67", "0031201234567", "1234567",
     "+31 20", "ab-12-cd", "AB12CD", "ab 12 cd", "#K7WQ2M9XPA", "k7wq2m9xpa.", "K7WQ-2M9XPA",
     "jose@zürich.example", "zurich", "Müller AB-12-CD", "mü", "\u200ejosé"],
)  # fmt: skip
def test_is_found(asked: str) -> None:
    assert search_text.matches(STORED, asked)


@pytest.mark.parametrize(
    "asked", ["smit", "jose smit", "022 123 4567", "ose", "ab-12-ce", "!!", "9", "cd 12 ab"]
)
def test_is_not_found(asked: str) -> None:
    assert search_text.matches(STORED, asked) is (asked == "ose")


@pytest.mark.parametrize(
    ("stored", "asked"),
    [("İlker", "ilker"), ("İlker", "i̇lker"), ("Zürich", "zurich"), ("Łódź", "lodz"),
     ("Æsir", "aesir"), ("Straße", "strasse"), ("Ørsted", "orsted"), ("Ørsted", "oersted"),
     ("ΣΊΣΥΦΟΣ", "σίσυφος"), ("ЖЕНЯ", "женя"), ("ﬁnn", "finn"), ("Ｔｏｍ", "tom"),
     ("D'Arcy", "d’arcy"), ("علی\u200cرضا", "علیرضا")],
)  # fmt: skip
def test_letters_are_folded(stored: str, asked: str) -> None:
    assert search_text.matches(search_text.of_person(stored, "X"), asked)
    if asked != "oersted":
        assert search_text.matches(search_text.of_person(asked, "X"), stored)


@given(st.text(min_size=1, max_size=15), st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_a_name_is_found_as_it_was_typed_in_any_form_and_case(name: str, form: Any) -> None:
    text = search_text.of_person(name, "X")
    if search_text.compact(name):
        assert search_text.matches(text, name)
        assert search_text.matches(text, unicodedata.normalize(form, name))
        if len(name.upper()) == len(name) == len(name.lower()):
            assert search_text.matches(text, name.lower())


@given(st.text(max_size=300))
def test_nothing_typed_is_a_fault(asked: str) -> None:
    search_text.matches(STORED, asked)
    search_text.code(asked)


def test_a_code_is_read_by_its_letters_and_digits() -> None:
    for typed in ("#k7wq2m9xpa", "K7WQ2M9XPA.", " k7wq-2m9xpa "):
        assert search_text.code(typed) == "K7WQ2M9XPA"
