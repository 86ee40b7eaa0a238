"""The contact of a reservation: from the request, completed from the profile of the caller."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, TypeVar

from django.utils.translation import gettext
from pydantic import BaseModel, BeforeValidator, Field, StrictBool, create_model

from api.auth import KnownRequest
from api.schemas import Schema
from guests import accounts, emails, phones
from guests.callers import Caller
from guests.errors import ContactInvalid
from guests.models import User
from guests.phones import LONGEST_INPUT
from reservations.requests import Contact
from reservations.rules import permissions
from reservations.rules.guest_fields import (
    CONTACT,
    EXTRAS,
    PREFERENCES,
    WHO,
    longest,
    stored_text,
)
from spelling import texts
from venues.models import Venue

M = TypeVar("M", bound=BaseModel)

_REQUIRED = ("first_name", "last_name", "phone")


def text(name: str, **more: Any) -> Any:
    """Returns the type of a text in a request, no longer than a reservation can store.

    It is put into its stored form before it is counted. Raises TypeError for a field that is not a
    text of limited length.
    """
    tidied = _tidied(partial(stored_text, name))
    return Annotated[str, Field(max_length=longest(name), **more), tidied]


def _tidied(tidy: Callable[[str], str]) -> BeforeValidator:
    return BeforeValidator(lambda value: tidy(value) if isinstance(value, str) else value)


def _name(given: str) -> str:
    # A blank name passes here: the engine tells it together with all else that is wrong.
    return texts.clean(given) or " "


NAME = Annotated[
    str,
    Field(min_length=1, max_length=accounts.LONGEST_NAME, examples=["Ada"]),
    _tidied(_name),
]
"""Received: a first or last name. Who has one name only writes a dash for the other."""

PHONE = Annotated[
    str,
    Field(min_length=1, max_length=LONGEST_INPUT, examples=["+31 20 123 4567"]),
    _tidied(phones.tidy),
]
"""Received: a phone number as people write it."""

EMAIL = Annotated[
    str,
    Field(min_length=1, max_length=emails.LONGEST, examples=["ada@example.com"]),
    _tidied(texts.clean),
]
"""Received: an e-mail address."""


TYPES: dict[str, Any] = {
    **dict.fromkeys(("first_name", "last_name"), NAME),
    "phone": PHONE,
    "email": text("email", examples=["ada@example.com"]),
    **dict.fromkeys(PREFERENCES, StrictBool),
    **{name: text(name) for name in EXTRAS},
}
"""The types of the guest's fields in a request, by name of the field."""


def having(fields: Mapping[str, tuple[Any, Any]]) -> Callable[[type[M]], type[M]]:
    """Returns a class decorator that adds fields after the schema's own.

    `fields` maps each name to its type and default.
    """

    def extended(schema: type[M]) -> type[M]:
        return create_model(
            schema.__name__,
            __base__=schema,
            __doc__=schema.__doc__,
            __module__=schema.__module__,
            **dict[str, Any](fields),
        )

    return extended


@having({name: (TYPES[name] | None, None) for name in CONTACT})
class ContactIn(Schema):
    """The guest's contact. Fields that a guest leaves out come from `/me`.

    Partners give every required field. Staff who give any field give every required field: the
    reservation is then for somebody else.
    """


def fill(given: Mapping[str, Any], request: KnownRequest, *, venue: str) -> Contact:
    """Returns the contact of a request at a venue (its slug).

    Raises ContactInvalid, which names each missing field.
    """
    found = {name: given[name] for name in CONTACT if given.get(name) is not None}
    person = request.user if request.auth.user_id else None
    if isinstance(person, User) and not _is_for_another(found, request.auth, venue):
        known = {name: getattr(person, name) for name in CONTACT}
        found = {name: value for name, value in known.items() if value != ""} | found
    missing = [name for name in _REQUIRED if name not in found]
    if missing:
        fault = ContactInvalid(missing[0], "This is required.")
        fault.errors = [(name, _missing(name)) for name in missing]
        raise fault
    return Contact(**found)


def _missing(name: str) -> str:
    return gettext(accounts.ONE_NAME) if name.endswith("name") else "This is required."


def _is_for_another(found: Mapping[str, Any], by: Caller, venue: str) -> bool:
    """Says whether a clerk books for a guest. The clerk's own profile is then not used."""
    if by.kind == "guest" or not any(name in found for name in WHO):
        return False
    key = Venue.objects.filter(slug=venue).values_list("pk", flat=True).first()
    return key is not None and permissions.is_staff(by, key)
