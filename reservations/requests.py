"""What a caller asks the engine for, parsed and typed, before anything is judged."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Either instants (aware) or the dates of nights; a start alone where a length is usual."""

    starts_at: datetime | None = None
    ends_at: datetime | None = None
    check_in: date | None = None
    check_out: date | None = None
    from_now: bool = False
    """Begin at the instant of the request, whatever that is: a driver at the gate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Who comes and how to reach them; `phone` as typed, national or international."""

    first_name: str
    last_name: str
    phone: str
    email: str = ""
    receive_email_updates: bool = True
    receive_phone_call: bool = True
    receive_text_notification: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What else a guest says of a reservation; every one is a text that may be empty."""

    occasion: str = ""
    vehicle_plate: str = ""
    remarks: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking(Extras):
    """A wish for a reservation: `category` a code, or `resource` an id, or neither."""

    venue: str
    times: Times
    contact: Contact
    guest_count: int
    category: str | None = None
    resource: int | None = None
    guest_id: int | None = None
    """Whose it is, where the desk or a partner books for somebody known."""
    quote: str = ""
    override_reason: str = ""
    is_walk_in: bool = False
    """The guest stands before the staff who enter it: a phone number may be left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A wish to change a reservation: only what is not None changes.

    `version` is the one the caller read; a different one now is ChangedMeanwhile.
    """

    times: Times | None = None
    category: str | None = None
    resource: int | None = None
    guest_count: int | None = None
    details: dict[str, str | bool] | None = None
    version: int | None = None
    override_reason: str = ""
