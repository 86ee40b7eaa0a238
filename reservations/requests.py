"""Typed requests to the engine, parsed but not yet judged."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Instants (aware), or local dates where nights are sold.

    The end may be None where a length is usual.
    """

    starts_at: datetime | None = None
    ends_at: datetime | None = None
    check_in: date | None = None
    check_out: date | None = None
    from_now: bool = False
    """True to begin at the instant of the request, as a driver at the gate does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Who comes, and how to reach them. `phone` is as typed, national or international."""

    first_name: str
    last_name: str
    phone: str
    email: str = ""
    receive_email_updates: bool = True
    receive_phone_call: bool = True
    receive_text_notification: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """Other texts that a guest may give with a reservation. Each may be empty."""

    occasion: str = ""
    vehicle_plate: str = ""
    remarks: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking(Extras):
    """A request for a reservation: `category` is a code, `resource` an id; both may be None.

    `venue` is a slug.
    """

    venue: str
    times: Times
    contact: Contact
    guest_count: int
    category: str | None = None
    resource: int | None = None
    guest_id: int | None = None
    """The id of the account that the desk or a partner books for, or None."""
    quote: str = ""
    override_reason: str = ""
    is_walk_in: bool = False
    """True when the guest stands before the clerk. Then the phone number may be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A request to change a reservation. None leaves a value as it is.

    `version` is the one that the caller read; if the reservation has another, ChangedMeanwhile is
    raised. `details` maps names of fields to values.
    """

    times: Times | None = None
    category: str | None = None
    resource: int | None = None
    guest_count: int | None = None
    details: dict[str, str | bool] | None = None
    version: int | None = None
    override_reason: str = ""
