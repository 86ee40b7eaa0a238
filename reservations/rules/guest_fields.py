"""The list of fields that a guest fills in, which every layer uses.

`Contact` and `Extras` in reservations/requests.py name the fields, the model says how long each may
be. The API's schemas and documents, the desk's forms and facts, erasure and the engine's rows
follow from here. Adding a field like `occasion` touches at most five files, beside its migration,
translation and tests:

1. reservations/models/reservation.py: the column;
2. reservations/requests.py: the field of `Extras`;
3. web/forms.py: the field of the booking form, with its label in the guest's words;
4. desk/templates/desk/rows.html: only where the lists of the day show it;
5. venues/kinds.py: only where some kinds of venue do not ask for it.
"""

from dataclasses import fields
from typing import Any

from django.db.models import CharField, Model

from reservations.models import Reservation
from reservations.requests import Booking, Contact, Extras
from spelling import texts

_TYPES: dict[str, Any] = {field.name: field.type for field in (*fields(Contact), *fields(Extras))}

CONTACT = tuple(field.name for field in fields(Contact))
"""Fields that say who comes, how to reach them, and how they want to hear from the venue."""

EXTRAS = tuple(field.name for field in fields(Extras))
"""Text fields that may be empty."""

SEVERAL_LINES = ("remarks",)

DETAILS = (*CONTACT, *EXTRAS)
"""Fields that a guest can change without asking for other time."""

PREFERENCES = tuple(name for name in CONTACT if _TYPES[name] is bool)
WHO = tuple(name for name in CONTACT if name not in PREFERENCES)

GIVEN: dict[str, type] = {
    **{name: _TYPES[name] for name in WHO},
    "guest_count": int,
    **{name: _TYPES[name] for name in (*PREFERENCES, *EXTRAS)},
}
"""Every field that a guest fills in besides the time, with its type, in the order of documents."""

LABELS = {field.name: field.metadata["label"] for field in fields(Extras)}
"""The name of each text that may be empty, in words."""

LARGEST_PARTY = 32_767
"""The largest `guest_count` that the column can store."""


def longest(name: str, of: type[Model] = Reservation) -> int:
    """The largest number of characters in a text column. Raises TypeError for other columns.

    A phone number is stored in international form; as typed it can be longer
    (guests.phones.LONGEST_INPUT).
    """
    field = of._meta.get_field(name)
    if not isinstance(field, CharField) or field.max_length is None:
        raise TypeError(f"{name} is not a text of limited length.")
    return field.max_length


def extras_of(booking: Booking) -> dict[str, str]:
    """The extras of a booking in their stored form, by field name. Values may be empty."""
    return {name: stored_text(name, getattr(booking, name)) for name in EXTRAS}


def stored_text(name: str, given: str) -> str:
    """An extra text in its stored form."""
    return texts.clean_lines(given) if name in SEVERAL_LINES else texts.clean(given)
