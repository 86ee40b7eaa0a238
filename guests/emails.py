"""E-mail addresses: whether one can be right, and the one form in which it is compared."""

import unicodedata

from django.conf import settings
from django.utils.translation import get_language, gettext
from email_validator import EmailNotValidError, validate_email

from guests.errors import ContactInvalid

LONGEST = 254


def parse(raw: str) -> str:
    """The address in its stored form; raises ContactInvalid with the reason in words.

    Source of the rules: RFC 5321 and 6531 as email-validator reads them. Whether the domain takes
    mail is asked (DNS) only where CHECK_MAIL_DOMAINS is set.
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
    """One form per mailbox: capitals aside, and composed letters however they were typed.

    Lower case rather than Unicode's case folding, which would make one person of straße and
    strasse, who are two.
    """
    return unicodedata.normalize("NFC", address.strip().lower())


def _reason(said: str) -> str:
    """The library's sentence; in another language, where it has none for that, a general one."""
    told = gettext(said)
    is_english = (get_language() or "en").startswith("en")
    return told if is_english or told != said else gettext("This is not an e-mail address.")
