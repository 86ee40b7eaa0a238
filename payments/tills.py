"""The tills of a venue: what each took in a day, the cash that is in it, and its count."""

from dataclasses import dataclass

from django.db.models import Sum
from django.utils.translation import gettext

from guests.callers import Caller
from payments import accounts
from payments.models import Entry, Kind, TillCount
from reservations import clock, idempotency
from reservations.errors import Invalid, NotFound
from reservations.idempotency import Once
from reservations.rules import permissions
from reservations.rules.permissions import Act
from venues.hours import Window
from venues.models import Venue

LARGEST = 10**15
"""The largest sum that can be counted, in minor units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """What was paid and given back at a till (or "") by a method, in minor units."""

    till: str
    method: str
    currency: str
    paid_minor: int
    given_back_minor: int


def takings(venue_id: int, period: Window) -> list[Taking]:
    """Returns what a venue took in a period, by till and method. One query."""
    entries = Entry.objects.filter(
        venue=venue_id,
        kind__in=[Kind.PAYMENT, Kind.REFUND],
        at__gte=period.start,
        at__lt=period.end,
    )
    by = ("from_account", "to_account", "currency", "kind")
    sums: dict[tuple[str, str, str], dict[str, int]] = {}
    for source, target, currency, kind, amount in (
        entries.order_by(*by).values_list(*by).annotate(Sum("amount_minor"))
    ):
        # What a payment was paid by and what it is given back by may differ.
        method, till = accounts.method_of(source if kind == Kind.PAYMENT else target)
        taking = sums.setdefault((till, method, currency), {})
        taking[kind] = taking.get(kind, 0) + amount
    return [
        Taking(
            till=till,
            method=method,
            currency=currency,
            paid_minor=kinds.get(Kind.PAYMENT, 0),
            given_back_minor=kinds.get(Kind.REFUND, 0),
        )
        for (till, method, currency), kinds in sums.items()
    ]


def balances(venue_id: int) -> dict[str, dict[str, int]]:
    """Returns the cash in each till that was ever used, in minor units, by till and currency."""
    told: dict[str, dict[str, int]] = {}
    entries = Entry.objects.filter(venue=venue_id).order_by()
    # What moves out of an account, in the words of a journal, is its debit: money came in.
    for side, sign in (("from_account", 1), ("to_account", -1)):
        found = entries.filter(**{f"{side}__startswith": accounts.cash("")})
        for account, currency, amount in found.values_list(side, "currency").annotate(
            Sum("amount_minor")
        ):
            till = told.setdefault(accounts.till_of(account), {})
            till[currency] = till.get(currency, 0) + sign * amount
    return {till: told[till] for till in sorted(told)}


def counts(venue_id: int, *, most: int) -> list[TillCount]:
    """Returns the newest counts of a venue's tills."""
    return list(TillCount.objects.filter(venue=venue_id)[:most])


def close(
    venue_id: int, till: str, *, currency: str, counted_minor: int, by: Caller, once: Once | None
) -> TillCount:
    """Closes a till by what was counted in it: the difference is posted. For managers.

    Opens its own transaction. Raises Forbidden, NotFound, Invalid, Repeated or Busy.
    """
    permissions.judge(by, Act.COUNT, venue_id)
    if not 0 <= counted_minor <= LARGEST:
        raise Invalid("counted", gettext("Give what was counted, 0 or more."))

    def act() -> TillCount:
        # One count after the other. Payments go on: what comes later is in the next count.
        Venue.objects.select_for_update(no_key=True).get(pk=venue_id)
        found = balances(venue_id).get(till, {})
        if currency not in found:
            raise NotFound(gettext("There is no such till."))
        now = clock.now()
        count = TillCount.objects.create(
            venue_id=venue_id,
            till=till,
            counted_minor=counted_minor,
            expected_minor=found[currency],
            currency=currency,
            at=now,
            by=by.name,
            by_kind=by.kind,
        )
        if difference := count.difference_minor:
            pair = (accounts.cash(till), accounts.DIFFERENCES)
            source, target = pair if difference > 0 else pair[::-1]
            Entry.objects.create(
                at=now,
                venue_id=venue_id,
                kind=Kind.COUNT,
                from_account=source,
                to_account=target,
                amount_minor=abs(difference),
                currency=currency,
                by=by.name,
                by_kind=by.kind,
                key=f"count:{count.pk}",
            )
        return count

    return idempotency.carry_out(act, once)
