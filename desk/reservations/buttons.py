"""The buttons of a reservation: the verbs that its status allows now."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from desk import phrases
from reservations import actions
from reservations.lifecycle import (
    cancellations,
    check_ins,
    check_outs,
    confirmations,
    modifications,
)
from reservations.models import Reservation
from reservations.status import Status


@dataclass(frozen=True, slots=True)
class Button:
    """The button of a verb. `asks` means that it opens a page first."""

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
"""The verbs that one press carries out, with the message after success."""


def buttons_for(row: Reservation, now: datetime) -> list[Button]:
    """Returns the buttons to show, the most likely first. Reads the venue's policy,
    nothing else.
    """
    may_modify = modifications.may(row, now)
    # If the venue assumes arrival, the desk does not record it.
    may_check_in = check_ins.may(row, now) and row.status_at(now) is not Status.PRESENT
    offered = (
        (CONFIRM, confirmations.may(row, now)),
        (CHECK_IN, may_check_in),
        (CHECK_OUT, check_outs.may(row, now)),
        (MOVE, may_modify),
        (MODIFY, may_modify),
        (CANCEL, cancellations.may(row, now)),
    )
    return [button for button, may in offered if may]


def hint_for(row: Reservation, now: datetime) -> str:
    """Returns why an expected button is missing, or what happens next. "" if there is nothing to
    say.
    """
    zone = row.venue.zone
    match row.status_at(now):
        case Status.HELD if row.hold_expires_at:
            told = gettext("Confirm it before %(time)s: then it lapses.")
            return told % {"time": phrases.moment(row.hold_expires_at, zone)}
        case Status.UPCOMING if not check_ins.may(row, now):
            told = gettext("Check-in opens at %(time)s.")
            return told % {"time": phrases.moment(check_ins.opens_at(row), zone)}
        case Status.EXPIRED:
            return gettext(
                "It was not confirmed in time, and its time is free. Make a new reservation."
            )
        case Status.NO_SHOW if check_ins.may(row, now):
            return gettext("The guest can still check in, while nobody else has the unit.")
        case _:
            return ""
