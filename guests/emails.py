"""Validates e-mail addresses, and gives them one form in which they are compared."""

import unicodedata

from django.conf import settings
from django.utils.translation import get_language, gettext
from email_validator import EmailNotValidError, validate_email

from guests.errors import ContactInvalid

LONGEST = 254
"""The largest number of characters in an e-mail address."""


def parse(raw: str) -> str:
    """The address in its stored form. Raises ContactInvalid, with the reason in words.

    The rules are those of RFC 5321 and 6531, as email-validator reads them. It asks DNS whether the
    domain takes mail only when CHECK_MAIL_DOMAINS is set.
    """
    if len(raw) > LONGEST:
        raise ContactInvalid(
            "email",
            gettext("An e-mail address has at most %(most)s characters.") % {"most": LONGEST},
        )
    try:
        checked = validate_email(
            raw.strip(),
            check_deliverability=settings.CHECK_MAIL_DOMAINS,
            # Strict: no more than 64 characters before the @, as mail hosts insist.
            strict=True,
        )
    except (EmailNotValidError, UnicodeError) as error:
        raise ContactInvalid("email", _reason(str(error))) from None
    return fold(checked.normalized)


def fold(address: str) -> str:
    """The one form of an address: in lower case, and with composed letters.

    Lower case, because Unicode's case folding would make one person of straße and strasse, who are
    two.
    """
    return unicodedata.normalize("NFC", address.strip().lower())


def _reason(said: str) -> str:
    """The library's sentence, translated; a general one when there is no translation."""
    told = gettext(said)
    is_english = (get_language() or "en").startswith("en")
    return told if is_english or told != said else gettext("This is not an e-mail address.")
