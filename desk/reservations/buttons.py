"""Which verbs make sense for a reservation now; the engine judges again when one is pressed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from desk import phrases
from reservations import actions
from reservations.models import Reservation
from reservations.status import Status


@dataclass(frozen=True, slots=True)
class Button:
    """A verb to press; `asks` where it opens a page first."""

    verb: str
    label: str | Promise
    is_main: bool = False
    asks: bool = False


CONFIRM = Button("confirm", _("Confirm"), is_main=True)
CHECK_IN = Button("check_in", _("Check in"), is_main=True)
CHECK_OUT = Button("check_out", _("Check out"), is_main=True)
MOVE = Button("move", _("Move"), asks=True)
MODIFY = Button("modify", _("Modify"), asks=True)
CANCEL = Button("cancel", _("Cancel it"), asks=True)

PRESSED: dict[str, tuple[Callable[..., Reservation], str | Promise]] = {
    "confirm": (actions.confirm, _("%(code)s is confirmed.")),
    "check_in": (actions.check_in, _("%(code)s is checked in.")),
    "check_out": (actions.check_out, _("%(code)s is checked out.")),
}
"""Verbs that one press carries out, and what is said when it has."""


def buttons_for(row: Reservation, now: datetime) -> list[Button]:
    """Those to show, the likeliest first."""
    match row.status_at(now):
        case Status.HELD:
            arriving = [CHECK_IN] if now >= opens_at(row) else []
            return [CONFIRM, *arriving, MOVE, MODIFY, CANCEL]
        case Status.UPCOMING:
            arriving = [CHECK_IN] if now >= opens_at(row) else []
            return [*arriving, MOVE, MODIFY, CANCEL]
        case Status.PRESENT:
            return [CHECK_OUT, MOVE, MODIFY]
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
            told = gettext("Confirm it before %(time)s: then it lapses.")
            return told % {"time": phrases.moment(row.hold_expires_at, zone)}
        case Status.UPCOMING if now < opens_at(row):
            told = gettext("Check-in opens at %(time)s.")
            return told % {"time": phrases.moment(opens_at(row), zone)}
        case Status.EXPIRED:
            return gettext(
                "It was not confirmed in time, and its time is free. Make a new reservation."
            )
        case Status.NO_SHOW if now < row.ends_at:
            return gettext("The guest can still check in, while nobody else has the unit.")
        case _:
            return ""


def opens_at(row: Reservation) -> datetime:
    """The instant from which the guest may check in."""
    return row.starts_at - row.venue.policy.early_check_in
