"""Puts amounts right: a manager sets another price, or waives the fees that are owed."""

from datetime import datetime

from django.utils.translation import gettext

from guests.callers import Caller
from reservations import clock, events
from reservations.errors import Invalid, WrongStatus
from reservations.event_types import FEE_WAIVED, PRICE_ADJUSTED
from reservations.lifecycle import drafts
from reservations.models import Reservation
from reservations.pricing import owed
from reservations.pricing.terms import terms_of
from reservations.records import locked, save
from reservations.rules import permissions
from reservations.rules.permissions import Act
from reservations.status import Status

_WITHOUT_PRICE = (Status.CANCELLED, Status.EXPIRED)


def may_adjust(reservation: Reservation, now: datetime) -> bool:
    """True when the reservation has a price that can be set at `now`. Runs no query."""
    return reservation.status_at(now) not in _WITHOUT_PRICE


def may_waive(reservation: Reservation, now: datetime) -> bool:
    """True when a fee is owed at `now`. Runs no query."""
    return owed.fee_due(reservation, now) > 0


def adjust_price(reservation_id: int, *, by: Caller, amount_minor: int, reason: str) -> Reservation:
    """Sets the price of a stay, in minor units. Assumes a transaction. For managers.

    Later changes add to it and take from it in proportion. Repeating it changes nothing. Raises
    NotFound, Forbidden, WrongStatus or Invalid.
    """
    reservation = _locked(reservation_id, Act.ADJUST_PRICE, by=by, reason=reason)
    now, before = clock.now(), reservation.price_minor
    if not may_adjust(reservation, now):
        raise WrongStatus(
            gettext("A reservation that is %(status)s has no price to set.")
            % {"status": reservation.status_at(now).word}
        )
    if amount_minor == before:
        return reservation
    terms = terms_of(reservation)
    reservation.tariff = terms.adjusted(amount_minor).to_json()
    # A no-show who was charged for all of it, whatever cancelling costs.
    owes_all = 0 < before == reservation.cancel_fee_minor
    fields = drafts.set_price(reservation, terms.promised, amount_minor)
    if owes_all:
        reservation.cancel_fee_minor = amount_minor
    save(reservation, "tariff", *fields)
    adjusted = PRICE_ADJUSTED(
        {"before_minor": before, "after_minor": amount_minor, "reason": reason}
    )
    events.record(reservation, adjusted, at=now, by=by)
    return reservation


def waive_fee(reservation_id: int, *, by: Caller, reason: str) -> Reservation:
    """Waives the fees that are owed by now. Assumes a transaction. For managers.

    Repeating it changes nothing. Raises NotFound, Forbidden or Invalid.
    """
    reservation = _locked(reservation_id, Act.WAIVE_FEE, by=by, reason=reason)
    now = clock.now()
    fee = owed.fee_due(reservation, now)
    if not fee:
        return reservation
    fields = ["fee_due_minor"]
    if fee > reservation.fee_due_minor:
        # Of a no-show whose time was given to others: it is owed without a row that says so.
        reservation.cancel_fee_minor = 0
        fields.append("cancel_fee_minor")
    reservation.fee_due_minor = 0
    save(reservation, *fields)
    events.record(reservation, FEE_WAIVED({"fee_minor": fee, "reason": reason}), at=now, by=by)
    return reservation


def _locked(reservation_id: int, act: Act, *, by: Caller, reason: str) -> Reservation:
    reservation = locked(reservation_id, by=by)
    permissions.judge(by, act, reservation.venue_id)
    if not reason.strip():
        raise Invalid("reason", gettext("Say why: give a reason."))
    return reservation
