"""Amounts that staff put right: what an early departure costs, another price, a waived fee."""

from typing import Annotated, Any, Literal

from django.http import HttpResponse
from django.utils.translation import gettext
from ninja import Router
from pydantic import Field

from api import documents, preconditions
from api.auth import KnownRequest, allow
from api.documents import ReservationOut
from api.openapi import answering_with
from api.replies import reply
from api.schemas import Money, Schema, money_minor, parse_id, problems
from guests.callers import Caller
from reservations import actions
from reservations.errors import Invalid
from reservations.models import Reservation
from reservations.pricing.settlement import Charge
from reservations.records import look

router = Router(tags=["reservations"])

WRITE = allow(scope="reservations:write")

Reason = Annotated[
    str, Field(min_length=1, max_length=200, description="Why, for those who read it later.")
]

_ANSWERS = {
    200: ReservationOut,
    **problems(400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 503),
}


class ChargeIn(Schema):
    """What an early departure costs. For staff, with a reason."""

    charge: Annotated[
        Literal["all", "used"] | Money | None,
        Field(description="`all` that was sold, the time `used`, or an amount."),
    ] = None
    reason: Annotated[str, Field(max_length=200, description="Why.")] = ""


class AdjustIn(Schema):
    """The new price of a stay."""

    amount: Money
    reason: Reason


class ReasonIn(Schema):
    """Why this is done."""

    reason: Reason


@router.post(
    "/{reservation_id}/adjust-price",
    operation_id="adjustReservationPrice",
    auth=WRITE,
    response=_ANSWERS,
    openapi_extra=answering_with(200, "ETag"),
)
def adjust_price(request: KnownRequest, reservation_id: str, data: AdjustIn) -> HttpResponse:
    """Set the price of a stay. For managers."""
    key, by = parse_id(reservation_id), request.auth
    seen = look(key, by=by)
    amount = minor_of(data.amount, seen, field="amount")
    with preconditions.judged(request, seen, is_repeat=True):
        row = actions.adjust_price(
            reservation_id=key, by=by, amount_minor=amount, reason=data.reason
        )
    return shown(row, by)


@router.post(
    "/{reservation_id}/waive-fee",
    operation_id="waiveReservationFee",
    auth=WRITE,
    response=_ANSWERS,
    openapi_extra=answering_with(200, "ETag"),
)
def waive_fee(request: KnownRequest, reservation_id: str, data: ReasonIn) -> HttpResponse:
    """Waive the fees that are owed by now. For managers."""
    key, by = parse_id(reservation_id), request.auth
    with preconditions.judged(request, look(key, by=by), is_repeat=True):
        return shown(actions.waive_fee(reservation_id=key, by=by, reason=data.reason), by)


def charge_of(data: ChargeIn | None, reservation_id: str, *, by: Caller) -> dict[str, Any]:
    """Returns the arguments of `actions.check_out` that a body stands for. Raises Invalid."""
    if data is None:
        return {}
    charge: Charge | int | None = None
    if isinstance(data.charge, Money):
        charge = minor_of(data.charge, look(parse_id(reservation_id), by=by), field="charge")
    elif data.charge is not None:
        charge = Charge(data.charge)
    return {"charge": charge, "reason": data.reason}


def shown(row: Reservation, by: Caller) -> HttpResponse:
    """Returns the answer with the document of a reservation, as `by` sees it, and its ETag."""
    response = reply(documents.reservation(row, by=by))
    response["ETag"] = documents.etag(row)
    return response


def minor_of(given: Money, row: Reservation, *, field: str) -> int:
    """Returns an amount in minor units. Raises Invalid for another currency than the stay's."""
    amount = money_minor(given, field=field)
    if given.currency != row.currency:
        told = gettext("This reservation is in %(currency)s. Give the amount in that currency.")
        raise Invalid(field, told % {"currency": row.currency})
    return amount
