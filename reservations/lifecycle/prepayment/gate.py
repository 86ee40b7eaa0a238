"""Refuses what must be paid for first: confirming and arriving, while something is due now."""

from datetime import datetime

from guests.callers import Caller
from reservations.errors import PaymentRequired
from reservations.models import Reservation
from reservations.pricing import due_now
from reservations.rules.permissions import may_override
from venues import prices


def judge(
    reservation: Reservation, now: datetime, *, by: Caller, override_reason: str = ""
) -> list[str]:
    """Raises PaymentRequired while the policy asks for money or a card that is not there.

    With a reason, staff of the venue set that aside: nothing is asked for any more. Does not save.
    Returns the names of the fields to save, [] where nothing was asked. The system is not asked.
    Raises Forbidden where somebody else gives a reason.
    """
    is_override = may_override(reservation.venue_id, override_reason, by)
    asked = due_now.minor(reservation, now)
    needs_card = reservation.confirmed_at is None and due_now.needs_guarantee(reservation)
    if by.kind == "system" or not (asked or needs_card):
        return []
    if is_override:
        return due_now.set_aside(reservation)
    amount = str(prices.decimal(asked, reservation.currency))
    facts = {"due_now": {"amount": amount, "currency": reservation.currency}}
    raise PaymentRequired(reservation.pk, needs_guarantee=needs_card, **facts)


def opens_held(reservation: Reservation, *, by: Caller, is_override: bool) -> bool:
    """True where a new reservation is held, though its venue confirms at once, to be paid first.

    With a reason of staff, nothing is asked for any more. Does not save.
    """
    if by.kind == "system" or not (reservation.due_now_minor or reservation.asks_guarantee):
        return False
    if is_override:
        due_now.set_aside(reservation)
    return not is_override
