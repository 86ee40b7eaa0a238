"""Phone numbers are read as people write them and stored in one form, or refused with a reason."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guests.errors import ContactInvalid
from guests.phones import is_region, parse

REGIONS = ("US", "NL", "DE", "GB", "JP", "IN", "BR", "AU", "IT", "KE")


@pytest.mark.parametrize(
    ("raw", "region", "stored"),
    [
        ("2025550123", "US", "+12025550123"),
        ("(202) 555-0123", "US", "+12025550123"),
        (" 202.555.0123 ", "US", "+12025550123"),
        ("1 202 555 0123", "US", "+12025550123"),
        ("+1 202 555 0123", "NL", "+12025550123"),
        ("001 202 555 0123", "NL", "+12025550123"),
        ("06 12345678", "NL", "+31612345678"),
        ("+31 (0)6 12345678", "US", "+31612345678"),
        ("030/123456", "DE", "+4930123456"),
        ("02 1234567", "IT", "+39021234567"),
        ("٢٠٢٥٥٥٠١٢٣", "US", "+12025550123"),
        ("\uff12\uff10\uff12\uff15\uff15\uff15\uff10\uff11\uff12\uff13", "US", "+12025550123"),
        ("+12025550123", "ZZ", "+12025550123"),
        ("+12025550123", "", "+12025550123"),
    ],
)
def test_a_number_is_stored_in_the_international_form(raw: str, region: str, stored: str) -> None:
    assert parse(raw, region) == stored


@pytest.mark.parametrize(
    ("raw", "region", "reason"),
    [
        ("", "US", "not a phone number"),
        ("   ", "US", "not a phone number"),
        ("call me", "US", "not a phone number"),
        ("+", "US", "not a phone number"),
        ("++1 202 555 0123x", "US", "not a phone number"),
        ("2025550123\x00", "US", "not a phone number"),
        ("\ud800", "US", "not a phone number"),
        ("2025550123' OR 1=1", "US", "not a phone number"),
        ("1-800-FLOWERS", "US", "not a phone number"),
        ("12", "US", "too short"),
        ("+1202", "US", "too short"),
        ("20255501234567", "US", "too long"),
        ("+1 2025550123456789", "US", "too long"),
        ("9" * 10_000, "US", "too long"),
        ("5550123", "US", "area code"),
        ("+999 2025550123", "US", "country code"),
        ("2025550123", "ZZ", "country code"),
        ("2025550123", "", "country code"),
        ("1234567890", "US", "not valid in US"),
        ("0000000000", "US", "not valid"),
        ("+883 1111 1111 1111", "US", "not valid."),
        ("202 555 0123 ext. 5", "US", "extension"),
        ("202 555 0123 x5", "US", "extension"),
        ("202 555 0123;ext=5", "US", "extension"),
        ("+49 123456", "US", "not valid in DE"),
    ],
)
def test_what_cannot_be_a_number_is_refused_with_the_reason(
    raw: str, region: str, reason: str
) -> None:
    with pytest.raises(ContactInvalid) as refusal:
        parse(raw, region)
    assert refusal.value.field == "phone"
    assert reason in refusal.value.detail


@given(raw=st.text(max_size=60), region=st.sampled_from((*REGIONS, "ZZ", "")))
def test_any_text_is_either_a_number_or_refused(raw: str, region: str) -> None:
    try:
        stored = parse(raw, region)
    except ContactInvalid:
        return
    assert stored.startswith("+") and stored[1:].isascii() and stored[1:].isdigit()
    assert len(stored) <= 16


@given(digits=st.from_regex(r"\+?[0-9]{6,15}", fullmatch=True), region=st.sampled_from(REGIONS))
def test_what_is_stored_reads_as_itself_anywhere(digits: str, region: str) -> None:
    try:
        stored = parse(digits, region)
    except ContactInvalid:
        return
    assert {parse(stored, other) for other in REGIONS} == {stored}


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_every_region_reads_its_own_national_form(region: str) -> None:
    example = phonenumbers.example_number(region)
    assert example is not None
    national = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.NATIONAL)
    e164 = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    assert parse(national, region) == e164


def test_a_region_is_one_whose_numbers_are_known() -> None:
    assert is_region("NL")
    assert not is_region("ZZ")
    assert not is_region("nl")
