"""Paying by card on the guests' pages: what can be paid, what came of it, and the way there.

The provider's page leads back to `web.payments.returns`, which leads on to the reservation.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from guests.addresses import address_of
from payments import checkouts, settling
from payments.methods import Method
from payments.models import UNSETTLED, Checkout, Payment, State
from payments.providers import registry
from payments.providers.protocol import Purpose
from reservations import clock
from reservations.models import Reservation
from reservations.pricing import due_now, owed
from reservations.status import Status
from venues import prices
from venues.local_words import money
from web import visitors

AGAIN = timedelta(seconds=2)
"""The provider is asked at most so often while a page looks again by itself."""

LOOKS_AGAIN = 4
"""Seconds after which a page looks again, without script."""

MOST_LOOKS = 40
"""After so often it stops, and has a link."""

CAME_BACK = "paid"
"""The query of who comes back from the provider's page: how often the page has looked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToPay:
    """What a guest can pay by card now, in minor units; 0 for nothing."""

    amount_minor: int = 0
    is_part: bool = False
    """True where it is a deposit, and the rest is paid later."""
    is_first: bool = False
    """True where it must be paid before the reservation is confirmed."""
    needs_card: bool = False
    """True where a card must be stored first, and nothing is taken."""
    consent: str = ""
    """What the guest agrees to by storing one."""

    @property
    def is_any(self) -> bool:
        """True where there is a button."""
        return bool(self.amount_minor or self.needs_card)


def to_pay(row: Reservation, now: datetime) -> ToPay:
    """Returns what can be paid by card, or stored. Nothing where the venue takes none."""
    if row.status_at(now) is Status.EXPIRED or not _takes_cards(row):
        return ToPay()
    first = due_now.minor(row, now)
    is_held = row.status_at(now) is Status.HELD
    needs_card = is_held and due_now.needs_guarantee(row)
    amount = checkouts.asked_minor(row, now)
    return ToPay(
        amount_minor=amount,
        is_part=bool(first) and first < owed.due(row, now),
        is_first=bool(first) and is_held,
        needs_card=needs_card,
        consent=_consent(row) if needs_card else "",
    )


def told(request: HttpRequest, row: Reservation, now: datetime) -> dict[str, Any]:
    """Returns what the page says of the newest card payment, for its context. Asks the provider."""
    payment = _newest(row)
    if payment is None or payment.checkout is None:
        return {}
    looks = request.GET.get(CAME_BACK, "")
    has_come_back = bool(looks)
    if has_come_back and payment.checkout.state in UNSETTLED:
        _ask(payment.checkout, now)
        payment = _newest(row) or payment
    found = _words(payment, row, has_come_back=has_come_back)
    checkout, by = payment.checkout, visitors.visitor(request)
    if "go_on_url" in found and checkout is not None and not checkouts.is_shown(checkout, by=by):
        # The page of a group that somebody else pays for says what all of them pay.
        del found["go_on_url"]
    if "looks_again" in found:
        count = int(looks) if looks.isascii() and looks.isdecimal() and len(looks) < 4 else 1
        found |= {"look": f"?{CAME_BACK}={count + 1}", "looks_again": count < MOST_LOOKS}
        found["look_after"] = LOOKS_AGAIN
    return found


def begin(request: HttpRequest, row: Reservation) -> HttpResponse:
    """Opens a payment, or finds the one that is open, and leads to the provider's page.

    Raises Refusal.
    """
    is_guarantee = request.POST.get("purpose") == Purpose.GUARANTEE
    page = reverse("web:reservation", args=[row.code])
    opened = checkouts.open(
        row.pk,
        purpose=Purpose.GUARANTEE if is_guarantee else Purpose.PAY,
        by=visitors.visitor(request),
        # To the address by which this browser knows us: it has the session.
        return_url=request.build_absolute_uri(f"{page}?{CAME_BACK}=1"),
        origin=f"{request.scheme}://{request.get_host()}",
        address=address_of(request),
    )
    return HttpResponseRedirect(opened.page, status=HTTPStatus.SEE_OTHER)


def _consent(row: Reservation) -> str:
    """Returns the words that `payments.checkouts` keeps with the card."""
    told = _(
        "I agree that %(venue)s charges this card up to %(amount)s %(currency)s if I do not "
        "come, or cancel late."
    )
    amount = prices.decimal(row.price_minor, row.currency)
    return told % {"venue": row.venue.name, "amount": amount, "currency": row.currency}


def _takes_cards(row: Reservation) -> bool:
    return registry.provider(registry.default_for(row.venue)).takes_cards


def _newest(row: Reservation) -> Payment | None:
    payments = row.payments.filter(method=Method.CARD).select_related("checkout")
    return payments.order_by("-pk").first()


def _ask(checkout: Checkout, now: datetime) -> None:
    """Asks the provider, unless somebody just did."""
    is_due = Q(asked_at__isnull=True) | Q(asked_at__lte=now - AGAIN)
    if Checkout.objects.filter(is_due, pk=checkout.pk).update(asked_at=now):
        settling.attempt(checkout.pk)


def _words(payment: Payment, row: Reservation, *, has_come_back: bool) -> dict[str, Any]:
    """Returns the notice, its tone, and whether the page looks again by itself."""
    status = row.status_at(clock.now())
    amount = money(payment.amount_minor, payment.currency)
    checkout = payment.checkout
    assert checkout is not None
    match State(payment.state):
        case State.CAPTURED if has_come_back and payment.amount_minor:
            return _notice("good", _("We have received your payment of %(amount)s."), amount)
        case State.AUTHORISED if has_come_back and not payment.amount_minor:
            return _notice("good", _("Your card is stored. Nothing was taken."), amount)
        case State.AUTHORISED if payment.amount_minor:
            found = _notice("", _("We are checking your payment of %(amount)s."), amount)
            return found | {"looks_again": True}
        case State.OPEN if has_come_back:
            # They may have gone back without paying, or the provider is slow.
            said = _("There is no word of your payment of %(amount)s yet. We go on looking.")
            return _notice("", said, amount) | {
                "looks_again": True,
                "go_on_url": checkout.url,
            }
        case State.FAILED if status is Status.HELD or owed.due(row, clock.now()):
            said = _("Your payment did not go through. Nothing was charged. You can pay again.")
            return _notice("bad", said, amount)
        case State.VOIDED | State.REFUNDED if status is Status.EXPIRED:
            said = _("Your payment of %(amount)s came too late. You were not charged.")
            return _notice("warn", said, amount) | {"is_too_late": True}
        case _:
            return {}


def _notice(tone: str, said: str, amount: str) -> dict[str, Any]:
    return {"payment_tone": tone, "payment_told": said % {"amount": amount}}
