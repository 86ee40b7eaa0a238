"""Addresses are judged without asking anybody and compared in one form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guests.emails import fold, parse
from guests.errors import ContactInvalid


@pytest.mark.parametrize(
    ("raw", "stored"),
    [
        ("Ada@Example.COM", "ada@example.com"),
        ("  ada+hotel@example.com ", "ada+hotel@example.com"),
        ("ADA@BÜCHER.example.com", "ada@bücher.example.com"),
        ("ada@xn--bcher-kva.com", "ada@bücher.com"),
    ],
)
def test_an_address_is_stored_in_one_form(raw: str, stored: str) -> None:
    assert parse(raw) == stored


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "ada",
        "ada@",
        "@example.com",
        "ada@example",
        "ada@localhost",
        "ada@example..com",
        "a b@example.com",
        "ada@example.com, bob@example.com",
        "ada@example.com\x00",
        "ada\n@example.com",
        "ada@[127.0.0.1]",
        "\ud800@example.com",
        "a" * 65 + "@example.com",
        "a@" + "b" * 10_000 + ".com",
    ],
)
def test_what_cannot_be_an_address_is_refused(raw: str) -> None:
    with pytest.raises(ContactInvalid) as refusal:
        parse(raw)
    assert refusal.value.field == "email"
    assert refusal.value.detail


def test_two_names_that_only_look_alike_stay_two() -> None:
    assert fold("straße@example.com") != fold("strasse@example.com")
    assert fold("admın@example.com") != fold("admin@example.com")


@given(st.text(max_size=80))
def test_any_text_is_either_an_address_or_refused(raw: str) -> None:
    try:
        stored = parse(raw)
    except ContactInvalid:
        return
    assert fold(stored) == stored


@pytest.mark.parametrize(
    "typed",
    ["Ada@Zürich.example", "ada@xn--zrich-kva.example", "ada@ｚüｒｉｃｈ.example",
     " ada@zürich。example", "\u200eada@zu\u0308rich.example"],
)  # fmt: skip
def test_an_address_is_folded_as_it_is_stored(typed: str) -> None:
    assert fold(typed) == "ada@zürich.example"
    assert fold(fold(typed)) == fold(typed)


@pytest.mark.parametrize("typed", ["nobody", "a@b@c", "", "@", "a" * 400, "ada@localhost"])
def test_what_is_no_address_is_folded_too(typed: str) -> None:
    assert fold(typed.upper()) == typed.lower()
