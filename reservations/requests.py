"""Typed requests to the engine, parsed but not yet judged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from django.utils.translation import gettext_lazy as _

LARGEST_GROUP = 20
"""Reservations that are made together."""


class Reprice(StrEnum):
    """Which tariff prices a changed range."""

    KEEP = "keep"
    """The whole new range by the tariff as sold."""
    ADDED = "added"
    """Kept time of the same category keeps its price, all else has today's."""
    ALL = "all"
    """Everything by today's rates."""


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
    """Other texts that a guest may give with a reservation. Each may be empty.

    `label` is its name at the desk, `means` says what it is, in the API's document.
    """

    occasion: str = field(
        default="", metadata={"label": _("Occasion"), "means": "What is celebrated."}
    )
    vehicle_plate: str = field(
        default="",
        metadata={
            "label": _("Vehicle plate"),
            "means": "The number plate. Only letters and digits count.",
        },
    )
    remarks: str = field(
        default="",
        metadata={"label": _("Remarks"), "means": "What the guest wants the venue to know."},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking(Extras):
    """A request for a reservation: `category` is a code, `resource` an id; both may be None.

    `venue` is a slug.
    """

    venue: str
    times: Times
    contact: Contact
    guest_count: int
    children: tuple[int, ...] = ()
    """The ages of the children among the guests."""
    extras: tuple[str, ...] = ()
    """The codes of extras that the guest chooses, such as breakfast."""
    category: str | None = None
    resource: int | None = None
    guest_id: int | None = None
    """The id of the account that the desk or a partner books for, or None."""
    quote: str = ""
    override_reason: str = ""
    language: str = ""
    """The language of letters to the guest, a code of LANGUAGES; "" for that of the venue."""
    reference: str = ""
    """What the partner who books calls it."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """Notes of the partner's or the staff's own program."""
    is_walk_in: bool = False
    """True when the guest stands before the clerk. Then the phone number may be empty, and the
    reservation is confirmed at once.
    """


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
    adults: int | None = None
    children: tuple[int, ...] | None = None
    """The ages of the children. `parties.changed` says what of the party follows from what."""
    reference: str | None = None
    """"" takes it away, as {} does `metadata`."""
    metadata: Mapping[str, str] | None = None
    language: str | None = None
    """The language of letters to the guest, a code of LANGUAGES."""
    details: dict[str, str | bool] | None = None
    version: int | None = None
    override_reason: str = ""
    reprice: Reprice | None = None
    """Which tariff prices the change; None for the default. Staff give a `reason` with it."""
    accept_fee: bool | None = None
    """True to owe the fee of a late change. Staff may say False with a `reason`: no fee is owed."""
    reason: str = ""
    avoid: frozenset[int] = frozenset()
    """Units (ids) that are being closed: the guest gets none of them, unless by name."""
    is_judged_anew: bool = False
    """True to judge hours also for a time that was sold before, since they have changed."""
