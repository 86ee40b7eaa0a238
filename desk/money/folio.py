"""The folio on a reservation's page: each amount as a line, and what is paid and due."""

from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.utils.translation import gettext as now_said
from django.utils.translation import gettext_lazy as _

from desk import phrases
from desk.money import links
from desk.reservations import facts
from guests.callers import Caller
from payments import card_charges, folio, guarantees, posting
from payments.folio import Item
from payments.methods import TILL, Method
from payments.models import OWED, RefundState, State
from payments.refunds import promises
from reservations.errors import Busy
from reservations.models import Reservation
from reservations.rules import permissions
from reservations.rules.permissions import Act

_LABELS = {
    "payment": _("Paid"),
    "refund": _("Given back"),
    "fee": _("Fee"),
    "adjustment": _("Price or fee put right"),
}
_OF_GUEST = ("payment", "refund")

_NOT_PAID: dict[str, Any] = {
    State.OPEN: _("Card payment, open"),
    State.AUTHORISED: _("Card payment, reserved and not taken"),
    State.FAILED: _("Card payment, refused"),
    State.VOIDED: _("Card payment, not taken"),
    State.EXPIRED: _("Card payment, lapsed"),
}
_NOT_GONE: dict[str, Any] = {
    RefundState.OPEN: _("To be given back"),
    RefundState.FAILED: _("To be given back, refused by the card"),
}
"""Payments and refunds that moved no money: their amount is told, and counts for nothing."""


_STORED = _("Card stored")
_NOT_STORED = _("Card asked for, not stored")
_TAKEN = (State.AUTHORISED, State.CAPTURED)


def of(row: Reservation, now: datetime, *, by: Caller) -> dict[str, Any]:
    """Returns the lines of a folio as texts, its sums, and what the caller may do with it."""
    # Where somebody changes it at this moment, it is read as it was before.
    with suppress(Busy):
        posting.post_now(row.pk)
    told = folio.of(row, now)
    people = facts.people_of(item.who for item in told.items)
    charged = sum(item.amount_minor for item in told.items if item.kind not in _OF_GUEST)
    price = told.total_minor - charged
    lines = [{"what": now_said("Price"), "owed": phrases.money(price, row.currency)}]
    lines += [_line(item, row, people) for item in told.items]
    return {
        "lines": lines,
        "total": phrases.money(told.total_minor, row.currency),
        "paid": phrases.money(told.paid_minor, row.currency),
        "due": phrases.money(told.due_minor, row.currency),
        "is_due": told.due_minor > 0,
        "refunds": [
            {"pk": one.pk, "amount": phrases.money(one.amount_minor, row.currency)}
            for one in row.refunds.filter(state__in=OWED).select_related("payment")
            if promises.is_for_desk(one) and permissions.may(by, Act.DESK, row.venue_id)
        ],
        "may_link": links.may(row, now, by=by),
        "once": uuid4(),
        "may_pay": permissions.may(by, Act.DESK, row.venue_id),
        "may_charge": _may_charge(row, by),
        "may_give_back": told.refundable_minor > 0
        and permissions.may(by, Act.REFUND, row.venue_id),
    }


def _line(item: Item, row: Reservation, people: dict[str, str]) -> dict[str, str]:
    shown = -item.amount_minor if item.kind == "refund" else item.amount_minor
    line = {
        "what": str(_LABELS[item.kind]),
        "how": _how(item),
        "note": item.note,
        "at": phrases.moment(item.at, row.venue.zone),
        "who": people.get(item.who) or item.who,
    }
    if item.kind == "payment" and not item.amount_minor:
        return {**line, "what": str(_STORED if item.state in _TAKEN else _NOT_STORED)}
    waits = (_NOT_PAID if item.kind == "payment" else _NOT_GONE).get(item.state or "")
    if waits is not None and item.kind in _OF_GUEST:
        return {**line, "what": f"{waits}: {phrases.money(item.amount_minor, row.currency)}"}
    column = "paid" if item.kind in _OF_GUEST else "owed"
    return {**line, column: phrases.money(shown, row.currency)}


def _how(item: Item) -> str:
    if item.method is None:
        return ""
    how = str(Method(item.method).label)
    return f"{how} · {item.till}" if item.till not in ("", TILL) else how


def _may_charge(row: Reservation, by: Caller) -> bool:
    if not (row.guaranteed_at and permissions.may(by, Act.CHARGE, row.venue_id)):
        return False
    stored = guarantees.of(row)
    is_time = stored is not None and card_charges.may_be_charged(row)
    return is_time and stored is not None and card_charges.chargeable_minor(row, stored) > 0
