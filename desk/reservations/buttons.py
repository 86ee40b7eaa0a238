"""The buttons of a reservation: the verbs that its status allows now."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from desk import phrases
from desk.reservations.amounts import may_leave_early
from guests.callers import Caller
from reservations import actions
from reservations.corrections import (
    check_in_undos,
    check_out_undos,
    reinstatements,
    rest_releases,
)
from reservations.lifecycle import (
    adjustments,
    cancellations,
    check_ins,
    check_outs,
    confirmations,
    modifications,
)
from reservations.limits import one_per_day
from reservations.models import Reservation
from reservations.rules import permissions
from reservations.rules.permissions import Act
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
SWAP = Button("swap", _("Swap units"), asks=True)
MODIFY = Button("modify", _("Modify"), asks=True)
CANCEL = Button("cancel", _("Cancel it"), asks=True)
UNDO_CHECK_IN = Button("undo_check_in", _("Undo check-in"), asks=True)
UNDO_CHECK_OUT = Button("undo_check_out", _("Undo check-out"), asks=True)
RELEASE_REST = Button("release_rest", _("Release the rest"), asks=True)
REINSTATE = Button("reinstate", _("Reinstate"), asks=True)
CHECK_OUT_EARLY = Button("check_out_early", _("Check out at another price"), asks=True)
ADJUST_PRICE = Button("adjust_price", _("Set the price"), asks=True)
WAIVE_FEE = Button("waive_fee", _("Waive the fee"), asks=True)

PRESSED: dict[str, tuple[Callable[..., Reservation], str | Promise]] = {
    "confirm": (actions.confirm, _("%(code)s is confirmed.")),
    "check_in": (actions.check_in, _("%(code)s is checked in.")),
    "check_out": (actions.check_out, _("%(code)s is checked out.")),
}
"""The verbs that one press carries out, with the message after success."""


def buttons_for(row: Reservation, now: datetime, *, by: Caller | None = None) -> list[Button]:
    """Returns the buttons to show, the most likely first. Reads the venue's policy,
    nothing else. Those of managers are left out unless `by` is one.
    """

    def lets(act: Act) -> bool:
        return by is not None and permissions.may(by, act, row.venue_id)

    may_modify = modifications.may(row, now)
    # If the venue assumes arrival, the desk does not record it.
    may_check_in = check_ins.may(row, now) and row.status_at(now) is not Status.PRESENT
    offered = (
        (CONFIRM, confirmations.may(row, now)),
        (CHECK_IN, may_check_in),
        (CHECK_OUT, check_outs.may(row, now)),
        (MOVE, may_modify),
        (SWAP, may_modify),
        (MODIFY, may_modify or modifications.may_correct_details(row, now)),
        (CANCEL, cancellations.may(row, now)),
        (UNDO_CHECK_IN, check_in_undos.may(row, now)),
        (UNDO_CHECK_OUT, check_out_undos.may(row, now)),
        (RELEASE_REST, rest_releases.may(row, now)),
        (REINSTATE, reinstatements.may(row, now)),
        (CHECK_OUT_EARLY, may_leave_early(row, now)),
        (ADJUST_PRICE, lets(Act.ADJUST_PRICE) and adjustments.may_adjust(row, now)),
        (WAIVE_FEE, lets(Act.WAIVE_FEE) and adjustments.may_waive(row, now)),
    )
    return [button for button, may in offered if may]


def hint_for(row: Reservation, now: datetime) -> str:
    """Returns why an expected button is missing, or what happens next. "" if there is nothing to
    say.
    """
    zone = row.venue.zone
    first = one_per_day.replaced_by(row, now)
    if first is not None and row.hold_expires_at:
        told = gettext(
            "Confirming it cancels %(code)s of the same client, %(start)s, free of charge. Confirm"
            " before %(time)s: then it lapses, and %(code)s stays."
        )
        return told % {
            "code": first.code,
            "start": phrases.short(first.starts_at, zone),
            "time": phrases.moment(row.hold_expires_at, zone),
        }
    second = one_per_day.replacing(row, now)
    if second is not None:
        told = gettext(
            "%(code)s is held for the same client, %(start)s. Confirming that one cancels this."
        )
        return told % {"code": second.code, "start": phrases.short(second.starts_at, zone)}
    match row.status_at(now):
        case Status.HELD if row.hold_expires_at:
            told = gettext("Confirm it before %(time)s: then it lapses.")
            return told % {"time": phrases.moment(row.hold_expires_at, zone)}
        case Status.UPCOMING if not check_ins.may(row, now):
            told = gettext("Check-in opens at %(time)s.")
            return told % {"time": phrases.moment(check_ins.opens_at(row), zone)}
        case Status.EXPIRED:
            return gettext(
                "It was not confirmed in time, and its time is free. Reinstate it, or make a new "
                "reservation."
            )
        case Status.NO_SHOW if check_ins.may(row, now):
            return gettext("The guest can still check in, while nobody else has the unit.")
        case _:
            return ""
