"""Which verbs make sense for a reservation now; the engine judges again when one is pressed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from reservations import actions
from reservations.desk import words
from reservations.models import Reservation
from reservations.status import Status


@dataclass(frozen=True, slots=True)
class Button:
    """A verb to press; `asks` where it opens a page first."""

    verb: str
    label: str
    is_main: bool = False
    asks: bool = False


CONFIRM = Button("confirm", "Confirm", is_main=True)
CHECK_IN = Button("check_in", "Check in", is_main=True)
CHECK_OUT = Button("check_out", "Check out", is_main=True)
MODIFY = Button("modify", "Modify", asks=True)
CANCEL = Button("cancel", "Cancel it", asks=True)

PRESSED: dict[str, tuple[Callable[..., Reservation], str]] = {
    "confirm": (actions.confirm, "is confirmed"),
    "check_in": (actions.check_in, "is checked in"),
    "check_out": (actions.check_out, "is checked out"),
}
"""Verbs that one press carries out, and what is said when it has."""


def buttons_for(row: Reservation, now: datetime) -> list[Button]:
    """Those to show, the likeliest first."""
    match row.status_at(now):
        case Status.HELD:
            arriving = [CHECK_IN] if now >= opens_at(row) else []
            return [CONFIRM, *arriving, MODIFY, CANCEL]
        case Status.UPCOMING:
            arriving = [CHECK_IN] if now >= opens_at(row) else []
            return [*arriving, MODIFY, CANCEL]
        case Status.PRESENT:
            return [CHECK_OUT, MODIFY]
        case Status.NO_SHOW if now < row.ends_at:
            return [CHECK_IN]
        case Status.LEFT if row.checked_out_at is None:
            # Leaving was assumed; the true time can still be recorded.
            return [CHECK_OUT]
        case _:
            return []


def hint_for(row: Reservation, now: datetime) -> str:
    """Why an expected button is missing, or what the clock is about to do."""
    zone = row.venue.zone
    match row.status_at(now):
        case Status.HELD if row.hold_expires_at:
            return f"Confirm it before {words.moment(row.hold_expires_at, zone)}: then it lapses."
        case Status.UPCOMING if now < opens_at(row):
            return f"Check-in opens at {words.moment(opens_at(row), zone)}."
        case Status.EXPIRED:
            return "It was not confirmed in time, and its time is free. Make a new reservation."
        case Status.NO_SHOW if now < row.ends_at:
            return "The guest can still check in, while nobody else has the unit."
        case _:
            return ""


def opens_at(row: Reservation) -> datetime:
    """The instant from which the guest may check in."""
    return row.starts_at - row.venue.policy.early_check_in
