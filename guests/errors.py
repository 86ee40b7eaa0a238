"""Refusals of people and systems, one small exception each. The docstring is the message."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext

from guests.rates import Allowance


class GuestError(Exception):
    """The request was refused."""

    code: ClassVar[str] = "refused"
    allowance: Allowance | None = None
    """What is left of the rate that this counted against or broke; None for other refusals."""

    def __init__(self, detail: str = "", **facts: int) -> None:
        """`detail` replaces the docstring. `facts` go to the caller beside it."""
        self.facts = facts
        self.detail = detail or gettext(" ".join((self.__doc__ or "").split()))
        super().__init__(self.detail)


class ContactInvalid(GuestError):
    """A contact detail is not valid."""

    code = "validation_error"

    def __init__(self, field: str, *details: str | Promise) -> None:
        """`details` has a sentence for each thing that is wrong with the field."""
        told = [str(detail) for detail in details]
        super().__init__(" ".join(told))
        self.field = field
        self.errors = [(field, detail) for detail in told]
        """Every fault as (field, sentence), also of other fields that were judged together."""


class Faults:
    """Collects what is wrong with several fields, so that one refusal can name them all."""

    def __init__(self) -> None:
        self.found: list[ContactInvalid] = []

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """Keeps a ContactInvalid raised inside, so that the next field is judged as well."""
        try:
            yield
        except ContactInvalid as fault:
            self.found.append(fault)

    def raise_if_any(self) -> None:
        """Raises the first fault, which carries all others. Does nothing when there is none."""
        if self.found:
            first = self.found[0]
            first.errors = [error for fault in self.found for error in fault.errors]
            raise first


class AlreadyRegistered(GuestError):
    """This e-mail address is already registered. Log in instead."""

    code = "already_registered"


class CredentialsInvalid(GuestError):
    """The e-mail address or the password is wrong."""

    code = "invalid_credentials"


class TokenInvalid(GuestError):
    """This token is not valid, has expired or was already used. Log in again."""

    code = "invalid_token"


class LastAdministrator(GuestError):
    """You are the only administrator. Make somebody else an administrator first."""

    code = "last_administrator"


class KeyInvalid(GuestError):
    """This API key is unknown, expired or revoked. Use the current key."""

    code = "invalid_key"


class Unauthenticated(GuestError):
    """Log in first: send a Bearer token or an API key."""

    code = "not_authenticated"


class Forbidden(GuestError):
    """Your role or API key does not allow this."""

    code = "forbidden"


class TooMany(GuestError):
    """Too many requests. Wait before you try again."""

    code = "rate_limited"
    why: ClassVar[str] = "rate"
    """Which limit was reached, as audit lines say it."""

    def __init__(self, allowance: Allowance) -> None:
        super().__init__()
        self.allowance = allowance
        self.retry_after = allowance.retry_after
        """Whole seconds to wait."""


class TooManyFailures(TooMany):
    """Too many log-ins failed for this e-mail address. Wait before you try again."""

    code = "rate_limited"
    why = "address"


class TooManyFailuresHere(TooMany):
    """Too many log-ins failed from this network address. Wait before you try again."""

    code = "rate_limited"
    why = "place"


class TooManySignUps(TooMany):
    """Too many sign-ups from this network address. Wait before you try again."""

    code = "rate_limited"
    why = "sign-ups"


class TooManyResets(TooMany):
    """Too many new passwords were asked for from this network address. Wait a while."""

    code = "rate_limited"
    why = "resets"


class TooManyOfPartner(TooMany):
    """This partner sends more requests than agreed. Wait before you send the next."""

    code = "rate_limited"
    why = "partner"


class TooBusy(GuestError):
    """Very many people are logging in just now. Try again in a moment."""

    code = "busy"
