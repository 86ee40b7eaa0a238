"""Opens payments by card: one at a time for a reservation and purpose, at the venue's provider.

The amount is what the reservation owes, never what somebody asks for. The provider is called
between two transactions, with the checkout's own key: called again, it opens nothing twice.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext

from guests.callers import Caller
from payments import return_addresses, settling
from payments.errors import NothingDue, PaymentRefused, ProviderUnavailable
from payments.methods import Method
from payments.models import Checkout, CheckoutState, Payment, State
from payments.providers import registry
from payments.providers.protocol import PAGE_CLOSED, Declined, Order, Purpose, Started, Unreachable
from reservations import clock, idempotency, records
from reservations.errors import Busy, Invalid, WrongStatus
from reservations.idempotency import Once
from reservations.lifecycle import groups
from reservations.lifecycle.prepayment import prolongations
from reservations.models import Reservation
from reservations.pricing import due_now, owed
from reservations.rules import languages
from reservations.status import Status
from reservations.transactions import in_transaction
from venues import prices

MOST_PROLONGED = 2
"""How many payments of a reservation may prolong its hold."""

LINK_LASTS = timedelta(days=1)
"""How long a guest may pay for what is no hold."""

LONGEST_TEXT = 200
_ABOUT_TO_BE = (
    CheckoutState.OPEN,
    CheckoutState.AUTHORISED,
    CheckoutState.PAID,
    CheckoutState.TO_CAPTURE,
)
"""The states of a payment that another one must not be begun beside."""

_GONE = (Status.CANCELLED, Status.EXPIRED)
_PAID_FOR_NO_MORE = (*_GONE, Status.LEFT, Status.NO_SHOW)
"""No card is stored for these. What they owe can be paid."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A payment by card, as its caller may know it. `is_new` is False for one that was open.

    Of one that others make too, such as the one who pays for a group, `payment` and `amount_minor`
    are the part of those that were asked about, and `page` is that of their reservation.
    """

    checkout: Checkout
    payment: Payment
    is_new: bool
    amount_minor: int
    page: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    purpose: Purpose
    return_url: str
    address: str
    by: Caller
    group: uuid.UUID | None = None


@dataclass(slots=True)
class _Begun:
    checkout: Checkout
    is_new: bool
    asked: frozenset[int]
    """The ids of the reservations that the call is about."""
    superseded: list[int] = field(default_factory=list)


def open(  # noqa: A001 - the verb of the field
    reservation_id: int,
    *,
    purpose: Purpose = Purpose.PAY,
    return_url: str = "",
    by: Caller,
    once: Once | None = None,
    origin: str = "",
    address: str = "",
) -> Opened:
    """Opens a payment of what a reservation owes, or returns the one that is open.

    It prolongs a hold. `origin` is ours as the caller reached it, `address` where a guarantee is
    agreed to from. Opens its own transactions. Raises NotFound, Invalid, NothingDue, WrongStatus,
    PaymentRefused, ProviderUnavailable, ChangedMeanwhile, Repeated or Busy.
    """
    url = return_addresses.judged(return_url, origin=origin)
    wish = _Wish(purpose=purpose, return_url=url, address=address, by=by)
    return _opened(lambda: [records.locked(reservation_id, by=by)], wish, once)


def open_group(
    group_id: uuid.UUID,
    *,
    return_url: str = "",
    by: Caller,
    once: Once | None = None,
    origin: str = "",
) -> Opened:
    """Opens one payment of what the reservations of a group owe. As `open` otherwise.

    Whoever sees only some of them pays for those, as for one by itself.
    """
    url = return_addresses.judged(return_url, origin=origin)
    seen = groups.members(group_id, by=by)
    is_whole = Reservation.objects.filter(group_id=group_id).count() == len(seen)
    group = group_id if is_whole else None
    wish = _Wish(purpose=Purpose.PAY, return_url=url, address="", by=by, group=group)

    def find() -> list[Reservation]:
        ids = sorted(row.pk for row in groups.members(group_id, by=by))
        rows = [records.locked(pk, by=by) for pk in ids]
        # What a cancelled member owes is paid by itself: it is no part of confirming the others.
        now = clock.now()
        left = [row for row in rows if row.status_at(now) not in _GONE]
        if not left:
            raise NothingDue
        return left

    return _opened(find, wish, once)


def pay_url(reservation_id: int, *, by: Caller) -> str:
    """Returns where a caller pays: the page of the open payment, else that of the reservation."""
    row, now = Reservation.objects.get(pk=reservation_id), clock.now()
    usable = (
        one.url
        for one in _beside([row], Purpose.PAY)
        if one.url and one.state == CheckoutState.OPEN and not _is_over(one, now)
        if is_shown(one, by=by)
    )
    return next(usable, _own_page(row))


def is_shown(checkout: Checkout, *, by: Caller) -> bool:
    """Whether the caller sees every reservation that a payment is for, and so its page and sum."""
    seen = Reservation.objects.visible_to(by).filter(payments__checkout=checkout)
    return not checkout.payments.exclude(reservation__in=seen.values("pk")).exists()


def back_url(checkout: Checkout) -> str:
    """Returns our own address to which a provider sends the guest, whatever happened there."""
    return f"{settings.PUBLIC_URL}/payments/{checkout.key}/back/"


def page_of(checkout: Checkout) -> str:
    """Returns where a guest goes on with a payment; one that is under way leads back to us."""
    is_open = checkout.state == CheckoutState.OPEN
    return (is_open and checkout.url) or back_url(checkout)


def asked_minor(row: Reservation, now: datetime) -> int:
    """What a payment of a reservation is of: what is due now, else all that is due."""
    return due_now.minor(row, now) or owed.due(row, now)


def _opened(find: Callable[[], list[Reservation]], wish: _Wish, once: Once | None) -> Opened:
    in_transaction(lambda: _judge_key(once))
    begun = in_transaction(lambda: _begin(find(), wish))
    checkout = _started(begun.checkout)
    for pk in begun.superseded:
        settling.attempt(pk)
    return idempotency.carry_out(lambda: _told(checkout, begun, wish.by), once)


def _judge_key(once: Once | None) -> None:
    """Raises the stored answer of a key, or what stands against it. Claims nothing yet."""
    idempotency.claim(once)
    transaction.set_rollback(True)


def _told(checkout: Checkout, begun: _Begun, by: Caller) -> Opened:
    asked = checkout.payments.filter(reservation__in=begun.asked)
    parts = list(asked.select_related("reservation").order_by("pk"))
    page = page_of(checkout) if is_shown(checkout, by=by) else _own_page(parts[0].reservation)
    return Opened(
        checkout=checkout,
        payment=parts[0],
        is_new=begun.is_new,
        amount_minor=sum(one.amount_minor for one in parts),
        page=page,
    )


def _own_page(row: Reservation) -> str:
    return f"{settings.PUBLIC_URL}/reservations/{row.code}/"


def _begin(rows: list[Reservation], wish: _Wish) -> _Begun:
    """Returns the open checkout of locked rows, or makes one. Raises what `open` raises."""
    now = clock.now()
    name = _provider_for(rows[0])
    amounts = _amounts(rows, wish.purpose, now)
    rows = [row for row in rows if row.pk in amounts]
    superseded: list[int] = []
    for one in _beside(rows, wish.purpose):
        if one.state != CheckoutState.OPEN or _is_as_wished(one, amounts, now):
            return _Begun(one, is_new=False, asked=frozenset(amounts))
        # What it asks for has changed, or its time is over: it is given up, and made anew.
        _supersede(one)
        superseded.append(one.pk)
    made = _made(rows, amounts, name, wish, now)
    return _Begun(made, is_new=True, asked=frozenset(amounts), superseded=superseded)


def supersede(row: Reservation) -> list[int]:
    """Gives up the payments of a locked reservation that its guest has not made.

    Returns their ids, which are to be settled after the commit.
    """
    waiting = [one for one in _beside([row], Purpose.PAY) if one.state == CheckoutState.OPEN]
    for one in waiting:
        _supersede(one)
    return [one.pk for one in waiting]


def _supersede(checkout: Checkout) -> None:
    Checkout.objects.filter(pk=checkout.pk, state=CheckoutState.OPEN).update(
        state=CheckoutState.TO_VOID, reason="superseded"
    )


def _provider_for(row: Reservation) -> str:
    name = registry.default_for(row.venue)
    if not registry.provider(name).takes_cards:
        raise Invalid(
            "method",
            gettext("Cards are not taken here: no provider is named in the setting PAYMENTS."),
        )
    return name


def _amounts(rows: list[Reservation], purpose: Purpose, now: datetime) -> dict[int, int]:
    """Returns what each reservation pays, by its id. Raises NothingDue or WrongStatus."""
    if purpose == Purpose.GUARANTEE:
        for row in rows:
            if row.status_at(now) in _PAID_FOR_NO_MORE:
                told = gettext("No card is stored for a reservation that is %(status)s.")
                raise WrongStatus(told % {"status": row.status_at(now).word})
        return dict.fromkeys([row.pk for row in rows], 0)
    # A group pays all that is due, or what is due now of those that ask for it.
    is_now = any(due_now.minor(row, now) for row in rows)
    found = {row.pk: due_now.minor(row, now) if is_now else owed.due(row, now) for row in rows}
    told_amounts = {pk: amount for pk, amount in found.items() if amount}
    if not told_amounts:
        raise NothingDue
    return told_amounts


def _beside(rows: Sequence[Reservation], purpose: Purpose) -> list[Checkout]:
    """Returns the checkouts of these reservations that are not done, newest first."""
    ids = Payment.objects.filter(
        reservation__in=[row.pk for row in rows], checkout__state__in=_ABOUT_TO_BE
    ).values("checkout")
    return list(Checkout.objects.filter(pk__in=ids, purpose=purpose).order_by("-pk"))


def _is_as_wished(checkout: Checkout, amounts: dict[int, int], now: datetime) -> bool:
    payments = dict(checkout.payments.values_list("reservation", "amount_minor"))
    return payments == amounts and not _is_over(checkout, now)


def _is_over(checkout: Checkout, now: datetime) -> bool:
    return checkout.expires_at is not None and checkout.expires_at <= now


def _made(
    rows: list[Reservation], amounts: dict[int, int], name: str, wish: _Wish, now: datetime
) -> Checkout:
    held = [row for row in rows if row.status_at(now) is Status.HELD]
    checkout = Checkout.objects.create(
        provider=name,
        purpose=wish.purpose,
        group=wish.group,
        amount_minor=sum(amounts.values()),
        currency=rows[0].currency,
        state=CheckoutState.OPEN,
        is_for_hold=bool(held),
        return_url=wish.return_url,
        created_at=now,
        by=wish.by.name,
        by_kind=wish.by.kind,
        **_consent(rows, wish, now),
    )
    Payment.objects.bulk_create(
        Payment(
            reservation=row,
            checkout=checkout,
            method=Method.CARD,
            state=State.OPEN,
            amount_minor=amounts[row.pk],
            currency=row.currency,
            at=now,
            by=wish.by.name,
            by_kind=wish.by.kind,
        )
        for row in rows
    )
    prolonged = [row for row in held if _prolonged(row, now=now, by=wish.by)]
    checkout.has_prolonged = bool(prolonged)
    ends = [row.hold_expires_at for row in held if row.hold_expires_at]
    checkout.expires_at = min(ends, default=now + LINK_LASTS)
    checkout.save(update_fields=["has_prolonged", "expires_at"])
    return checkout


def _prolonged(row: Reservation, *, now: datetime, by: Caller) -> bool:
    before = Checkout.objects.filter(payments__reservation=row, has_prolonged=True)
    return before.count() < MOST_PROLONGED and prolongations.prolong(row, now=now, by=by)


def _consent(rows: Sequence[Reservation], wish: _Wish, now: datetime) -> dict[str, object]:
    """What a guest agrees to who stores a card, in their language: kept with the card."""
    if wish.purpose != Purpose.GUARANTEE:
        return {}
    limit = sum(row.price_minor for row in rows)
    with translation.override(rows[0].language or languages.of_venue(rows[0].venue)):
        told = gettext(
            "I agree that %(venue)s charges this card up to %(amount)s %(currency)s if I do not "
            "come, or cancel late."
        ) % {
            "venue": rows[0].venue.name,
            "amount": prices.decimal(limit, rows[0].currency),
            "currency": rows[0].currency,
        }
    return {
        "limit_minor": limit,
        "consent_text": told,
        "consent_at": now,
        "consent_address": wish.address,
    }


def _started(checkout: Checkout) -> Checkout:
    """Opens it at the provider, outside of a transaction.

    Raises ProviderUnavailable, and PaymentRefused for what the provider never takes.
    """
    if checkout.url or checkout.state != CheckoutState.OPEN:
        return checkout
    provider = registry.provider(checkout.provider)
    order = order_of(checkout)
    try:
        started = provider.start(order)
    except Unreachable as fault:
        # It stays open without an address, so that the next call repeats this with its key.
        raise ProviderUnavailable from fault
    except Declined as refusal:
        settling.refuse(checkout, refusal.reason)
        if refusal.reason == PAGE_CLOSED:
            # The next call opens another one.
            raise ProviderUnavailable from refusal
        raise PaymentRefused(reason=refusal.reason) from refusal
    return _noted(checkout, started)


def _noted(checkout: Checkout, started: Started) -> Checkout:
    """Notes what the provider answered; another call may have noted the same meanwhile."""
    waiting = Checkout.objects.filter(pk=checkout.pk, ref="", state=CheckoutState.OPEN)
    waiting.update(ref=started.ref, url=started.url, expires_at=started.expires_at)
    found = Checkout.objects.get(pk=checkout.pk)
    if found.ref != started.ref:
        # It was given up meanwhile. Nobody has seen its page, and nobody will.
        raise Busy
    return found


def order_of(checkout: Checkout) -> Order:
    """Returns what the provider is asked for. It is the same each time."""
    payment = checkout.payments.select_related("reservation__venue").order_by("pk").first()
    assert payment is not None
    assert checkout.expires_at is not None
    row = payment.reservation
    language = row.language or languages.of_venue(row.venue)
    return Order(
        key=checkout.key,
        amount_minor=checkout.amount_minor,
        currency=checkout.currency,
        purpose=Purpose(checkout.purpose),
        text=_text(row, language),
        language=language,
        email=row.email,
        back_url=back_url(checkout),
        expires_at=checkout.expires_at,
    )


def _text(row: Reservation, language: str) -> str:
    with translation.override(language):
        start = date_format(row.starts_at.astimezone(row.venue.zone), "DATE_FORMAT")
    return f"{row.venue.name}, {start}, {row.code}"[:LONGEST_TEXT]
