"""Writes and sums the ledger. Amounts are in minor units."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db.models import Sum

from guests.callers import Caller
from payments import accounts
from payments.models import Entry, Kind, Payment
from reservations.models import Reservation
from reservations.privacy.blanks import NOBODY

Nets = Mapping[str, int]
"""What has moved into each account, less what has moved out of it."""


def add(
    row: Reservation,
    kind: Kind,
    *,
    between: tuple[str, str],
    amount_minor: int,
    key: str,
    at: datetime,
    by: str,
    by_kind: str,
    payment: Payment | None = None,
) -> None:
    """Moves an amount of a reservation from the first account to the second, at `at` (UTC).

    An amount below zero moves the other way, one of zero not at all. Assumes the reservation's
    lock. Raises IntegrityError for a key that was used.
    """
    source, target = between if amount_minor > 0 else between[::-1]
    code = accounts.tax_code(between[1])
    if amount_minor:
        Entry.objects.create(
            at=at,
            venue_id=row.venue_id,
            reservation=row,
            kind=kind,
            from_account=source,
            to_account=target,
            amount_minor=abs(amount_minor),
            currency=row.currency,
            tax_code=code,
            tax_minor=abs(amount_minor) if code else 0,
            payment=payment,
            # It stays for ever, so it never names a guest.
            by=NOBODY if by_kind == "guest" else by,
            by_kind=by_kind,
            key=key,
        )


def add_by(
    row: Reservation,
    kind: Kind,
    *,
    between: tuple[str, str],
    amount_minor: int,
    key: str,
    at: datetime,
    by: Caller,
    payment: Payment | None = None,
) -> None:
    """As `add`, for a caller."""
    add(
        row,
        kind,
        between=between,
        amount_minor=amount_minor,
        key=key,
        at=at,
        by=by.name,
        by_kind=by.kind,
        payment=payment,
    )


def nets(reservation_ids: Iterable[int]) -> dict[int, Nets]:
    """Returns the sums of these reservations, by their ids. Two queries."""
    ids = list(reservation_ids)
    told: dict[int, dict[str, int]] = {pk: defaultdict(int) for pk in ids}
    entries = Entry.objects.filter(reservation__in=ids).order_by()
    for side, sign in (("to_account", 1), ("from_account", -1)):
        found = entries.values_list("reservation", side).annotate(Sum("amount_minor"))
        for pk, account, amount in found:
            told[pk][account] += sign * amount
    return {pk: dict(sums) for pk, sums in told.items()}


def paid(sums: Nets) -> int:
    """What the guest has paid, less what was given back."""
    return -sum(amount for account, amount in sums.items() if accounts.is_money(account))


def price(sums: Nets) -> int:
    """What the guest was charged for the stay."""
    return sum(amount for account, amount in sums.items() if accounts.is_of_price(account))


def fees(sums: Nets) -> int:
    """What the guest was charged in fees, less what was waived."""
    return sums.get(accounts.FEES, 0)
