"""The room of money: the ledger stays, since the law asks for it, and it names nobody.

What people typed goes, references and reasons, and the address from which a card was stored.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Q, QuerySet

from payments.models import Checkout, Payment, Refund
from reservations.privacy.blanks import NOBODY
from reservations.privacy.rooms import PersonalRows

_CHUNK = 500


class Money:
    """Payments and refunds of a person lose what somebody typed, checkouts the addresses."""

    def keep(self) -> Q:
        """Returns that none is kept for its money: what is owed stays known without a name."""
        return Q()

    def blank(self, rows: PersonalRows) -> dict[str, int]:
        """Blanks references, reasons, addresses and who began it. Returns how many rows."""
        counts = self.count(rows)
        for payments, refunds in _parts(rows):
            _addressed(payments).update(consent_address="", return_url="")
            _guests(Checkout.objects.filter(pk__in=payments.values("checkout"))).update(by=NOBODY)
            payments.exclude(reference="").update(reference="")
            _guests(payments).update(by=NOBODY)
            refunds.exclude(reason="").update(reason="")
            _guests(refunds).update(by=NOBODY)
        return counts

    def count(self, rows: PersonalRows) -> dict[str, int]:
        """Returns how many payments, refunds and checkouts `blank` would blank."""
        count = sum(
            (payments.exclude(reference="") | _guests(payments)).count()
            + (refunds.exclude(reason="") | _guests(refunds)).count()
            + _addressed(payments).count()
            for payments, refunds in _parts(rows)
        )
        return {"payments": count}

    def export(self, rows: PersonalRows) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Returns what the person paid and was given back, oldest first."""
        paid: list[Mapping[str, Any]] = []
        back: list[Mapping[str, Any]] = []
        for payments, refunds in _parts(rows):
            paid += payments.values(
                "reservation__code",
                "method",
                "amount_minor",
                "currency",
                "reference",
                "at",
                "checkout__consent_at",
                "checkout__consent_address",
            )
            back += refunds.values("reservation__code", "amount_minor", "reason", "at")
        return {"payments": paid, "refunds": back}


def _guests(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Those that a guest began, which name them by the id of their account."""
    return rows.filter(by_kind="guest").exclude(by=NOBODY)


def _addressed(payments: QuerySet[Payment]) -> QuerySet[Checkout]:
    every = Checkout.objects.filter(pk__in=payments.values("checkout"))
    return every.exclude(consent_address="", return_url="")


def _parts(rows: PersonalRows) -> Iterator[tuple[QuerySet[Payment], QuerySet[Refund]]]:
    ids = rows.reservation_ids
    for begin in range(0, len(ids), _CHUNK):
        part = ids[begin : begin + _CHUNK]
        yield (
            Payment.objects.filter(reservation__in=part),
            Refund.objects.filter(reservation__in=part),
        )
