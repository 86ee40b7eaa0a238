"""Who a reservation is for: what was sent, and the rest from the profile of who is signed in."""

from collections.abc import Mapping
from dataclasses import fields as fields_of
from typing import Any

from api.auth import KnownRequest
from guests.errors import ContactInvalid
from guests.models import User
from reservations.requests import Contact

FIELDS = tuple(field.name for field in fields_of(Contact))
_REQUIRED = ("first_name", "last_name", "phone")


def fill(given: Mapping[str, Any], request: KnownRequest) -> Contact:
    """The contact of a request. Raises ContactInvalid, naming all that is missing."""
    found = {name: given[name] for name in FIELDS if given.get(name) is not None}
    person = request.user if request.auth.user_id else None
    if isinstance(person, User):
        known = {name: getattr(person, name) for name in FIELDS}
        found = {name: value for name, value in known.items() if value != ""} | found
    missing = [name for name in _REQUIRED if name not in found]
    if missing:
        fault = ContactInvalid(missing[0], "This is required.")
        fault.errors = [(name, "This is required.") for name in missing]
        raise fault
    return Contact(**found)
