"""Validates phone numbers as people of a region write them, and stores them as E.164."""

import re
from typing import Final

import phonenumbers
from django.utils.translation import gettext, gettext_lazy
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

from guests.errors import ContactInvalid
from spelling import texts

LONGEST_INPUT = 40
"""The largest number of characters that a person may type."""
LONGEST_E164 = 16
"""The largest number of characters of a stored number, with its +."""

_SEPARATORS: Final = re.compile(
    r"[\d+\s().,/~\-\u2010-\u2015\u2212\uff0b\uff0d\u00a0\u200b\u2060]*"
)
_AROUND: Final = re.compile(r"^tel:(//)?|[;,.\s]+$", re.IGNORECASE)
_EXTENSION: Final = re.compile(r"(ext|x|#|;)\D*\d+\s*$", re.IGNORECASE)

_NOT_A_NUMBER = gettext_lazy(
    "This is not a phone number. Write digits, and + with a country code for a number abroad."
)
_TOO_SHORT = gettext_lazy("This phone number is too short.")
_TOO_LONG = gettext_lazy("This phone number is too long.")
_COUNTRY_CODE = gettext_lazy(
    "This phone number's country code is unknown. Begin with + and a country code."
)
_EXTENSION_GIVEN = gettext_lazy("Give the phone number without an extension.")

_UNREADABLE: Final = {
    NumberParseException.INVALID_COUNTRY_CODE: _COUNTRY_CODE,
    NumberParseException.NOT_A_NUMBER: _NOT_A_NUMBER,
    NumberParseException.TOO_SHORT_AFTER_IDD: _TOO_SHORT,
    NumberParseException.TOO_SHORT_NSN: _TOO_SHORT,
    NumberParseException.TOO_LONG: _TOO_LONG,
}
_IMPOSSIBLE: Final = {
    ValidationResult.TOO_SHORT: _TOO_SHORT,
    ValidationResult.TOO_LONG: _TOO_LONG,
    ValidationResult.INVALID_COUNTRY_CODE: _COUNTRY_CODE,
    ValidationResult.INVALID_LENGTH: gettext_lazy(
        "This phone number has a digit too many or too few."
    ),
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: gettext_lazy("This phone number lacks its area code."),
}


def parse(raw: str, region: str) -> str:
    """The number as E.164, such as +12025550123. Raises ContactInvalid, with the reason in words.

    `region` (ISO 3166, such as US) says how to read a national number. libphonenumber says what is
    valid.
    """
    number = _read(raw, region)
    reason = _IMPOSSIBLE.get(phonenumbers.is_possible_number_with_reason(number))
    if reason:
        raise ContactInvalid("phone", reason)
    if not phonenumbers.is_valid_number(number):
        raise ContactInvalid("phone", _not_in_use(number))
    written = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if len(written) > LONGEST_E164:
        raise ContactInvalid("phone", _TOO_LONG)
    return written


def tidy(raw: str) -> str:
    """Returns a number as typed, without what devices put around it: marks, `tel:`, a last `;`."""
    return _AROUND.sub("", texts.clean(raw))


def is_region(code: str) -> bool:
    """True when national numbers of this region (ISO 3166, such as US) can be read."""
    return code in phonenumbers.SUPPORTED_REGIONS


def _read(given: str, region: str) -> phonenumbers.PhoneNumber:
    raw = tidy(given)
    if len(raw) > LONGEST_INPUT:
        raise ContactInvalid("phone", _TOO_LONG)
    if _EXTENSION.search(raw):
        raise ContactInvalid("phone", _EXTENSION_GIVEN)
    if not _SEPARATORS.fullmatch(raw):
        raise ContactInvalid("phone", _NOT_A_NUMBER)
    try:
        return phonenumbers.parse(raw, region if is_region(region) else None)
    except NumberParseException as error:
        raise ContactInvalid("phone", _UNREADABLE[error.error_type]) from None


def _not_in_use(number: phonenumbers.PhoneNumber) -> str:
    country = phonenumbers.region_code_for_country_code(number.country_code or 0)
    if country in ("ZZ", "001"):
        return gettext("This phone number is not valid. Check the digits.")
    text = gettext(
        "This phone number is not valid in %(country)s."
        " For a number abroad, write + and the country code."
    )
    return text % {"country": country}
