"""The money of a reservation: payments that the desk records, refunds, and the list of both."""

from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any, Literal

import ninja
import orjson
from django.http import HttpResponse
from django.utils.translation import gettext
from ninja import Router
from pydantic import Field

from api import idempotency_keys, preconditions
from api.auth import KnownRequest, allow
from api.idempotency_keys import Key
from api.replies import reply
from api.routes.amounts import Reason, minor_of
from api.routes.groups import group_key
from api.schemas import InstantOut, Money, Schema, money, parse_id, problems, to_z
from guests.addresses import address_of
from notices.outbound_http import LONGEST_ADDRESS
from payments import card_charges, checkouts, folio, guarantees, posting, recording
from payments.checkouts import Opened
from payments.folio import Folio, Item
from payments.methods import Method
from payments.models import Checkout, Payment, Refund
from payments.providers.protocol import Purpose
from payments.recording import Taken
from reservations import clock
from reservations.errors import Busy, Invalid
from reservations.idempotency import Answer
from reservations.models import Reservation
from reservations.records import look

router = Router(tags=["payments"])
of_groups = Router(tags=["payments"])

READ = allow(scope="reservations:read")
PAY = allow(scope="payments:write")

_REFUSED = problems(400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 503)


class PaymentIn(Schema):
    """A payment that the desk took, for staff; or one by card that the guest makes on a page."""

    method: Annotated[
        Literal["cash", "terminal", "voucher", "transfer", "card"],
        Field(description="How the guest paid; with `card`, how the guest is going to pay."),
    ]
    amount: Annotated[
        Money | None,
        Field(description="What was paid, in the currency of the reservation. Not for `card`."),
    ] = None
    till: Annotated[
        str,
        Field(max_length=30, description="The till or terminal; `main` where none is named."),
    ] = ""
    reference: Annotated[
        str, Field(max_length=64, description="The number of the receipt, voucher or transfer.")
    ] = ""
    purpose: Annotated[
        Literal["pay", "guarantee"] | None,
        Field(description="For `card` alone. `guarantee` stores a card and takes nothing."),
    ] = None
    return_url: Annotated[
        str | None,
        Field(
            max_length=LONGEST_ADDRESS,
            description="For `card` alone: where the guest comes back to, at our own origin or one "
            "of `PAY_RETURN_ORIGINS`. Left out, the reservation's page.",
        ),
    ] = None


class GroupPaymentIn(Schema):
    """One payment by card for what the reservations of a group owe."""

    method: Annotated[Literal["card"], Field(description="The desk takes each one by itself.")]
    return_url: Annotated[
        str | None,
        Field(
            max_length=LONGEST_ADDRESS,
            description="Where the guest comes back to, as for one reservation.",
        ),
    ] = None


class RefundIn(Schema):
    """Money that is given back. For managers."""

    amount: Annotated[Money, Field(description="What is given back, at most what is `refundable`.")]
    reason: Reason


class StoredCardChargeIn(Schema):
    """A charge of the stored card of a guest who did not come, or cancelled late. For managers."""

    amount: Annotated[
        Money, Field(description="What is charged, at most what the guest agreed to.")
    ]
    reason: Reason


class ItemOut(ninja.Schema):
    """A payment, refund, fee or adjustment."""

    id: Annotated[str, Field(description="The id of the item.")]
    kind: Annotated[
        Literal["payment", "refund", "fee", "adjustment"],
        Field(description="A waived fee and another price are adjustments."),
    ]
    method: Annotated[
        str | None, Field(description="How it was paid or given back; null for what is owed.")
    ]
    amount: Annotated[
        Money,
        Field(description="The amount. An adjustment that makes the stay cheaper is below zero."),
    ]
    state: Annotated[
        str | None,
        Field(description="How far it is; null for fees and adjustments."),
    ]
    at: InstantOut
    by: str


class CardPaymentOut(ninja.Schema):
    """A payment by card that the guest makes on a page of the provider."""

    id: Annotated[str, Field(description="The id of the payment.")]
    state: Annotated[
        Literal["open", "authorised", "captured", "failed", "voided", "refunded", "expired"],
        Field(description="How far it is; partly refunded stays `captured`."),
    ]
    amount: Annotated[Money, Field(description="What it takes; 0.00 where it stores a card.")]
    pay_url: Annotated[str, Field(description="Where the guest pays.")]
    expires_at: InstantOut


class GuaranteeOut(ninja.Schema):
    """A stored card."""

    at: InstantOut
    limit: Annotated[Money, Field(description="What may be charged at most.")]


class FolioOut(ninja.Schema):
    """The money of a reservation."""

    total: Annotated[Money, Field(description="All that is owed, paid or not: price and fees.")]
    paid: Annotated[Money, Field(description="What was paid, less what was given back.")]
    due: Annotated[Money, Field(description="What is owed and not paid, never negative.")]
    due_now: Annotated[Money, Field(description="What must be paid before it is confirmed.")]
    refundable: Annotated[Money, Field(description="What can be given back.")]
    guarantee: Annotated[
        GuaranteeOut | None, Field(description="The stored card; null where there is none.")
    ]
    items: Annotated[list[ItemOut], Field(description="Oldest first.")]


@router.get(
    "/{reservation_id}/payments",
    operation_id="listPayments",
    auth=READ,
    response={200: FolioOut, **problems(401, 403, 404)},
)
def payments(request: KnownRequest, reservation_id: str) -> HttpResponse:
    """Read what is owed and paid for a reservation, with each payment, refund, fee and adjustment.

    What a manager adjusted or waived stands here too.
    """
    key, by = parse_id(reservation_id), request.auth
    look(key, by=by)
    # Where somebody changes it at this moment, it is read as it was before.
    with suppress(Busy):
        posting.post_now(key)
    row = look(key, by=by)
    return reply(_folio(folio.of(row, clock.now()), guarantees.of(row)))


@router.post(
    "/{reservation_id}/payments",
    operation_id="createPayment",
    auth=PAY,
    response={200: CardPaymentOut, 201: CardPaymentOut | ItemOut, **_REFUSED},
)
def pay(
    request: KnownRequest, reservation_id: str, data: PaymentIn, idempotency_key: Key = None
) -> HttpResponse:
    """Open a payment by card, or record one that was taken at the desk.

    By card: the guest pays at `pay_url` what is due now, else all that is due; while one is open,
    it is answered again with 200. All other methods are recorded by staff.
    """
    key, by = parse_id(reservation_id), request.auth
    seen = look(key, by=by)
    if data.method == "card":
        return _opened_by_card(request, seen, data)
    for name in ("purpose", "return_url"):
        if getattr(data, name) is not None:
            raise Invalid(name, gettext("Only for method card."))
    if data.amount is None:
        raise Invalid("amount", gettext("Give the amount."))
    taken = Taken(
        method=Method(data.method),
        amount_minor=minor_of(data.amount, seen, field="amount"),
        till=data.till,
        reference=data.reference,
    )
    with preconditions.judged(request, seen, is_repeat=True):
        return idempotency_keys.carried_out(
            request,
            lambda once: recording.record(key, taken, by=by, once=once),
            by=by,
            render=_paid,
        )


@of_groups.post(
    "/groups/{group_id}/payments",
    operation_id="createGroupPayment",
    auth=PAY,
    response={200: CardPaymentOut, 201: CardPaymentOut, **_REFUSED},
)
def pay_for_group(
    request: KnownRequest, group_id: str, data: GroupPaymentIn, idempotency_key: Key = None
) -> HttpResponse:
    """Open one payment by card for all reservations of a group.

    It takes what is due now of them, else all that is due. While one is open, it is answered again
    with 200.
    """
    key, by = group_key(group_id), request.auth
    return idempotency_keys.carried_out(
        request,
        lambda once: checkouts.open_group(
            key,
            return_url=data.return_url or "",
            by=by,
            once=once,
            origin=f"{request.scheme}://{request.get_host()}",
        ),
        by=by,
        render=by_card,
    )


@router.post(
    "/{reservation_id}/refunds",
    operation_id="createRefund",
    auth=PAY,
    response={201: ItemOut, **_REFUSED},
)
def refund(
    request: KnownRequest, reservation_id: str, data: RefundIn, idempotency_key: Key = None
) -> HttpResponse:
    """Record money that was given back. It changes what is paid alone. For managers.

    To give money back for good, set the price first.
    """
    return _carried_out(request, reservation_id, data, act=recording.give_back, render=_given_back)


@router.post(
    "/{reservation_id}/charge",
    operation_id="chargeStoredCard",
    auth=PAY,
    response={201: ItemOut, **_REFUSED},
)
def charge(
    request: KnownRequest,
    reservation_id: str,
    data: StoredCardChargeIn,
    idempotency_key: Key = None,
) -> HttpResponse:
    """Charge the stored card of a guest who did not come or cancelled late. For managers.

    The provider is asked at once; the list of payments says what came of it. Where the bank asks
    for the guest or declines, the guest gets a link to pay.
    """
    return _carried_out(request, reservation_id, data, act=card_charges.charge, render=_paid)


def _carried_out(
    request: KnownRequest,
    reservation_id: str,
    data: RefundIn | StoredCardChargeIn,
    *,
    act: Callable[..., Any],
    render: Callable[[Any], Answer],
) -> HttpResponse:
    """Moves an amount of a reservation, for a reason, once for an Idempotency-Key."""
    key, by = parse_id(reservation_id), request.auth
    seen = look(key, by=by)
    amount = minor_of(data.amount, seen, field="amount")
    with preconditions.judged(request, seen, is_repeat=True):
        return idempotency_keys.carried_out(
            request,
            lambda once: act(key, amount_minor=amount, reason=data.reason, by=by, once=once),
            by=by,
            render=render,
        )


def _opened_by_card(request: KnownRequest, seen: Reservation, data: PaymentIn) -> HttpResponse:
    by = request.auth
    if data.amount is not None:
        raise Invalid("amount", gettext("The amount of a card payment is what is due."))
    for name in ("till", "reference"):
        if getattr(data, name):
            raise Invalid(name, gettext("Not for method card."))
    with preconditions.judged(request, seen, is_repeat=True):
        return idempotency_keys.carried_out(
            request,
            lambda once: checkouts.open(
                seen.pk,
                purpose=Purpose(data.purpose or "pay"),
                return_url=data.return_url or "",
                by=by,
                once=once,
                origin=f"{request.scheme}://{request.get_host()}",
                address=address_of(request),
            ),
            by=by,
            render=by_card,
        )


def by_card(opened: Opened) -> Answer:
    """Returns the answer to a payment by card: 201 for a new one, 200 for one that was open."""
    checkout, payment = opened.checkout, opened.payment
    told = {
        "id": folio.payment_id(payment),
        "state": payment.state,
        "amount": money(opened.amount_minor, checkout.currency),
        "pay_url": opened.page,
        "expires_at": to_z(checkout.expires_at or checkout.created_at),
    }
    return Answer(201 if opened.is_new else 200, orjson.dumps(told).decode())


def _paid(payment: Payment) -> Answer:
    return _made(folio.of_payment(payment), payment.currency)


def _given_back(made: Refund) -> Answer:
    return _made(folio.of_refund(made), made.payment.currency)


def _made(item: Item, currency: str) -> Answer:
    return Answer(201, orjson.dumps(_item(item, currency)).decode())


def _folio(told: Folio, stored: Checkout | None) -> dict[str, Any]:
    return {
        "total": money(told.total_minor, told.currency),
        "paid": money(told.paid_minor, told.currency),
        "due": money(told.due_minor, told.currency),
        "due_now": money(told.due_now_minor, told.currency),
        "refundable": money(told.refundable_minor, told.currency),
        "guarantee": stored
        and {
            "at": stored.consent_at and to_z(stored.consent_at),
            "limit": money(stored.limit_minor, stored.currency),
        },
        "items": [_item(item, told.currency) for item in told.items],
    }


def _item(item: Item, currency: str) -> dict[str, Any]:
    return {
        "id": item.id,
        "kind": item.kind,
        "method": item.method,
        "amount": money(item.amount_minor, currency),
        "state": item.state,
        "at": to_z(item.at),
        "by": item.by,
    }
