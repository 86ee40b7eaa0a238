"""The money of a reservation on the guests' pages: what is paid, due, and comes back."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from payments.refunds import promises
from payments.refunds.promises import ComingBack
from reservations.lifecycle import cancellations
from reservations.models import Reservation
from reservations.pricing import owed
from venues.local_words import money


def of(row: Reservation, now: datetime) -> dict[str, Any]:
    """Returns what the pages tell of it, for their context. One query where nothing was paid."""
    back = promises.promised(row) if row.paid_minor > 0 else ComingBack(0, 0)
    return {
        "paid_minor": max(0, row.paid_minor - back.amount_minor),
        "due_minor": owed.due(row, now),
        "coming_back": _told(back, row),
    }


def of_cancelling(row: Reservation, now: datetime) -> dict[str, Any]:
    """Returns what cancelling at `now` costs and gives back, and what is then still owed."""
    fee = cancellations.fee_minor(row, now)
    back = promises.coming_back(row, fee)
    return {
        "fee_minor": fee,
        "back_minor": back.amount_minor,
        "back_told": _told(back, row),
        "left_to_pay_minor": max(0, row.fee_due_minor + fee - row.paid_minor),
        # What the guest sees now. Sent along, it is compared when the button is pressed.
        "shown": f"{fee}:{back.amount_minor}",
    }


def _told(back: ComingBack, row: Reservation) -> str:
    """Says in one or two sentences what comes back, and how; "" for nothing."""
    amount = money(back.amount_minor, row.currency)
    if not back.amount_minor:
        return ""
    if not back.from_desk_minor:
        return _("%(amount)s goes back to your card by itself.") % {"amount": amount}
    if not back.to_card_minor:
        return _("The place gives you %(amount)s back.") % {"amount": amount}
    told = _("%(card)s goes back to your card by itself. The place gives you %(desk)s back.")
    return told % {
        "card": money(back.to_card_minor, row.currency),
        "desk": money(back.from_desk_minor, row.currency),
    }
