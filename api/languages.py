"""The language of letters to a guest: as the body says, else the account, else the header."""

from typing import Annotated

from django.conf import settings
from django.utils.translation.trans_real import parse_accept_lang_header
from pydantic import AfterValidator, Field

from api.auth import KnownRequest
from guests.models import User
from reservations.rules import languages

_LONGEST = 35


def _spoken(given: str) -> str:
    found = languages.first_of([given])
    if not found:
        known = ", ".join(code for code, _ in settings.LANGUAGES)
        raise ValueError(f"Letters are written in: {known}.")
    return found


Language = Annotated[str, Field(max_length=_LONGEST, examples=["nl"]), AfterValidator(_spoken)]
"""Received: a language tag, such as `nl` or `nl-BE`."""


def asked(request: KnownRequest, given: str | None = None, *, account: User | None = None) -> str:
    """Returns the language of letters to the guest that a call is about; "" for the venue's own.

    `account` is the guest's, where staff book for it. The header tells the language of whoever
    calls. That is not the guest's where staff book.
    """
    if account is None and request.auth.kind == "guest" and isinstance(request.user, User):
        account = request.user
    chosen = given or (account.language if account else "")
    if chosen:
        return chosen
    if request.auth.kind not in ("guest", "partner"):
        return ""
    accepted = parse_accept_lang_header(request.headers.get("Accept-Language", ""))
    return languages.first_of(tag for tag, _ in accepted if tag != "*")
