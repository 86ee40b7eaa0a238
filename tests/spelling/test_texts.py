"""Texts as devices write them, and as they are stored."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guests import accounts, emails, phones
from guests.errors import ContactInvalid
from spelling import texts

MARKS = [
    "\u200e", "\u200f", *map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A)),
    "\ufeff", "\u200b", "\u2060", "\u00ad",
]  # fmt: skip

SPELT = st.text(alphabet=st.sampled_from("aé\u0301ö ß’-\u200c\u200dنیم\u0dca\u200e\u00a0\u3000İi"))


@given(SPELT)
def test_what_is_clean_stays_as_it_is(raw: str) -> None:
    once = texts.clean(raw)
    assert texts.clean(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert once == once.strip()
    assert not set(once) & {*MARKS, "\u00a0", "\u3000"}


@pytest.mark.parametrize("mark", MARKS)
def test_marks_around_and_inside_are_gone(mark: str) -> None:
    assert accounts.name(f"{mark}Ada{mark}", "first_name") == "Ada"
    assert phones.parse(f"{mark}+31 20{mark} 123 4567{mark}", "NL") == "+31201234567"
    assert emails.parse(f"{mark}ada@example.com{mark}") == "ada@example.com"


@pytest.mark.parametrize(
    "typed",
    ["tel:+31-20-123-4567", "TEL:+31201234567", "+31201234567;", "+31 20 123 4567; ", "tel://0201234567",
     "\u202a+31 20 123 4567\u202c", "020\u00a0123\u00a04567", "+31 (0)20 123 4567"],
)  # fmt: skip
def test_numbers_as_devices_write_them(typed: str) -> None:
    assert phones.parse(typed, "NL") == "+31201234567"


def test_a_name_of_fifteen_letters_counts_fifteen_however_a_device_composes_it() -> None:
    name = "é" * 15
    assert accounts.name(unicodedata.normalize("NFD", name), "last_name") == name
    with pytest.raises(ContactInvalid, match="at most 15"):
        accounts.name(name + "é", "last_name")


@pytest.mark.parametrize("name", ["علی\u200cرضا", "නුවන්\u200dත", "می\u200cنا"])
def test_joiners_inside_a_name_stay(name: str) -> None:
    assert accounts.name(f"{name}\u200c", "first_name") == name


def test_joiners_where_no_script_has_them_are_gone() -> None:
    assert accounts.name("A\u200cda\u200d", "first_name") == "Ada"


@pytest.mark.parametrize("space", ["\u00a0", "\u3000", "\u2009"])
def test_spaces_of_all_kinds_are_spaces(space: str) -> None:
    assert accounts.name(f"{space}Anne{space}Marie", "first_name") == "Anne Marie"


def test_a_name_that_is_missing_is_told_of_the_dash() -> None:
    for raw in ("", " ", "\u200e"):
        with pytest.raises(ContactInvalid) as refusal:
            accounts.name(raw, "last_name")
        assert "write a dash" in str(refusal.value.errors)
    assert accounts.name("-", "last_name") == "-"


def test_lines_stay_lines() -> None:
    assert texts.clean_lines("Late\r\n\u200eby  train \n") == "Late\nby  train"
