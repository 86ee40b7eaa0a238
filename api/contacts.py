"""Who a reservation is for: what was sent, and the rest from the profile of who is signed in."""

from collections.abc import Mapping
from dataclasses import fields as fields_of
from typing import Annotated, Any

from pydantic import Field, StrictBool

from api.auth import KnownRequest
from api.schemas import Schema
from guests.callers import Caller
from guests.errors import ContactInvalid
from guests.models import User
from reservations.requests import Contact
from reservations.rules import permissions
from venues.models import Venue

Name = Annotated[str, Field(min_length=1, max_length=15, examples=["Ada"])]
Phone = Annotated[str, Field(min_length=1, max_length=40, examples=["+31 20 123 4567"])]
Email = Annotated[str, Field(max_length=254, examples=["ada@example.com"])]

FIELDS = tuple(field.name for field in fields_of(Contact))
WHO = ("first_name", "last_name", "phone", "email")
_REQUIRED = ("first_name", "last_name", "phone")


class ContactIn(Schema):
    """Who comes. What a guest leaves out is filled from `/me`.

    Partners give all that is required, and so does staff who gives any of it: then it is for
    somebody else.
    """

    first_name: Name | None = None
    last_name: Name | None = None
    phone: Phone | None = None
    email: Email | None = None
    receive_email_updates: StrictBool | None = None
    receive_phone_call: StrictBool | None = None
    receive_text_notification: StrictBool | None = None


def fill(given: Mapping[str, Any], request: KnownRequest, *, venue: str) -> Contact:
    """The contact of a request at a venue (its slug). Raises ContactInvalid, naming what misses."""
    found = {name: given[name] for name in FIELDS if given.get(name) is not None}
    person = request.user if request.auth.user_id else None
    if isinstance(person, User) and not _is_for_another(found, request.auth, venue):
        known = {name: getattr(person, name) for name in FIELDS}
        found = {name: value for name, value in known.items() if value != ""} | found
    missing = [name for name in _REQUIRED if name not in found]
    if missing:
        fault = ContactInvalid(missing[0], "This is required.")
        fault.errors = [(name, "This is required.") for name in missing]
        raise fault
    return Contact(**found)


def _is_for_another(found: Mapping[str, Any], by: Caller, venue: str) -> bool:
    """Whether the desk books: then nothing of the clerk's own belongs to the guest."""
    if by.kind == "guest" or not any(name in found for name in WHO):
        return False
    key = Venue.objects.filter(slug=venue).values_list("pk", flat=True).first()
    return key is not None and permissions.is_staff(by, key)
