"""Compares what reservations say of their money with the ledger, and repairs what is derived."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection
from django.db.models import Max, Sum

from payments import ledger, posting
from payments.append_only import AppendOnly
from payments.models import OWED, Entry, Refund, TillCount
from reservations.lifecycle import paid
from reservations.models import Event, Reservation
from reservations.transactions import in_transaction
from venues import scratch

_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A figure of a reservation that the ledger contradicts, in minor units."""

    reservation_id: int
    code: str
    figure: str
    says_minor: int
    ledger_minor: int

    def __str__(self) -> str:
        return (
            f"reservation {self.reservation_id} ({self.code}): {self.figure} is {self.says_minor}, "
            f"the ledger says {self.ledger_minor}"
        )


def differences() -> Iterator[Difference]:
    """Yields each figure that the ledger contradicts: paid, price, fees, due, and what was promised
    to be given back and is not there. Posts what waits.
    """
    posting.post_waiting()
    rows = Reservation.objects.select_related("venue").order_by("pk")
    last = 0
    while part := list(rows.filter(pk__gt=last)[:_BATCH]):
        last = part[-1].pk
        yield from _of([row for row in part if not scratch.is_scratch(row.venue)])


def is_guarded() -> bool:
    """True when the database refuses to change or delete what is in the ledger."""
    every = [*Entry._meta.constraints, *TillCount._meta.constraints]
    guards = [one for one in every if isinstance(one, AppendOnly)]
    return all(guard.is_in_place(connection) for guard in guards)


def repair(found: Difference) -> bool:
    """Sets what was paid to what the ledger says. False for a figure that is not derived from it.

    Opens its own transaction. Raises Busy.
    """
    if found.figure != "paid":
        return False

    def repaired() -> None:
        rows = Reservation.objects.select_for_update(no_key=True, of=("self",))
        row = rows.select_related("venue").get(pk=found.reservation_id)
        paid.put_right(row, ledger.paid(ledger.nets([row.pk])[row.pk]))

    in_transaction(repaired)
    return True


def _of(rows: list[Reservation]) -> Iterator[Difference]:
    ids = [row.pk for row in rows]
    sums = ledger.nets(ids)
    newest = Event.objects.filter(reservation__in=ids).order_by().values_list("reservation")
    at = dict(newest.annotate(Max("recorded_at")))
    promises = Refund.objects.filter(reservation__in=ids, state__in=OWED).order_by()
    promised = dict(promises.values_list("reservation").annotate(Sum("amount_minor")))
    for row in rows:
        told = sums[row.pk]
        figures = {"paid": (row.paid_minor, ledger.paid(told))}
        if row.pk in at:
            charged = posting.charges(row, at[row.pk])
            price, fees = ledger.price(told), ledger.fees(told)
            due = max(0, charged.price_minor + charged.fee_minor - row.paid_minor)
            figures |= {
                "price": (charged.price_minor, price),
                "fees": (charged.fee_minor, fees),
                "due": (due, max(0, price + fees - ledger.paid(told))),
            }
        if (back := promised.get(row.pk, 0)) > ledger.paid(told):
            figures["to be given back"] = (back, ledger.paid(told))
        for figure, (says, ledger_says) in figures.items():
            if says != ledger_says:
                yield Difference(
                    reservation_id=row.pk,
                    code=row.code,
                    figure=figure,
                    says_minor=says,
                    ledger_minor=ledger_says,
                )
