"""Validates e-mail addresses, and gives them one form in which they are compared."""

import unicodedata

from django.conf import settings
from django.utils.translation import get_language, gettext
from email_validator import EmailNotValidError, validate_email

from guests.errors import ContactInvalid
from spelling import texts

LONGEST = 254
"""The largest number of characters in an e-mail address."""


def parse(raw: str) -> str:
    """The address in its stored form. Raises ContactInvalid, with the reason in words.

    The rules are those of RFC 5321 and 6531, as email-validator reads them. It asks DNS whether the
    domain takes mail only when CHECK_MAIL_DOMAINS is set.
    """
    tidy = texts.clean(raw)
    if len(tidy) > LONGEST:
        raise ContactInvalid(
            "email",
            gettext("An e-mail address has at most %(most)s characters.") % {"most": LONGEST},
        )
    try:
        checked = validate_email(
            tidy,
            check_deliverability=settings.CHECK_MAIL_DOMAINS,
            # Strict: no more than 64 characters before the @, as mail hosts insist.
            strict=True,
        )
    except (EmailNotValidError, UnicodeError) as error:
        raise ContactInvalid("email", _reason(str(error))) from None
    return _lower(checked.normalized)


def fold(address: str) -> str:
    """The one form of an address, in which people are found: as `parse` stores it.

    The domain is read as browsers read it, so that punycode and full-width letters make no other
    address. What is no address is only trimmed and lowered.
    """
    tidy = texts.clean(address)
    try:
        if len(tidy) <= LONGEST:
            checked = validate_email(
                tidy, check_deliverability=False, globally_deliverable=False, strict=True
            )
            return _lower(checked.normalized)
    except (EmailNotValidError, UnicodeError):
        pass
    return _lower(tidy)


def _lower(address: str) -> str:
    """Returns an address in lower case, with composed letters.

    Lower case, because Unicode's case folding would make one person of straße and strasse, who are
    two.
    """
    return unicodedata.normalize("NFC", address.lower())


def _reason(said: str) -> str:
    """The library's sentence, translated; a general one when there is no translation."""
    told = gettext(said)
    is_english = (get_language() or "en").startswith("en")
    return told if is_english or told != said else gettext("This is not an e-mail address.")
