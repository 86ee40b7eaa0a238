"""Pages that put amounts right: another price, a waived fee, what an early departure costs."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as now_said
from django.utils.translation import gettext_lazy as _

from desk import phrases
from desk.reservations.corrections import Correction, CorrectionForm
from reservations import actions
from reservations.errors import Invalid, Refusal
from reservations.lifecycle import adjustments, check_outs
from reservations.models import Reservation
from reservations.pricing import due_now, owed, settlement
from reservations.pricing.settlement import Charge
from reservations.rules.permissions import Act
from venues import prices

AN_AMOUNT = "amount"


def asked_anew(before: Reservation, after: Reservation, now: datetime) -> str:
    """Returns what a change asks for that was not asked before, in a sentence; "" for nothing."""
    left = due_now.minor(after, now)
    if left > due_now.minor(before, now):
        amount = phrases.money(left, after.currency)
        return now_said("To be paid now: %(amount)s.") % {"amount": amount}
    if due_now.needs_guarantee(after) and not due_now.needs_guarantee(before):
        return now_said("A card as a guarantee is asked for now.")
    return ""


class AdjustForm(CorrectionForm):
    """Asks for the new price of a stay."""

    amount = forms.DecimalField(label=_("New price"), min_value=Decimal(0), max_digits=15)

    def __init__(self, *args: Any, reservation: Reservation, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, reservation=reservation, now=now, **kwargs)
        self.currency = reservation.currency
        self.order_fields(["amount", "reason"])
        self.fields["amount"].initial = prices.decimal(reservation.price_minor, self.currency)
        self.fields["amount"].help_text = self.currency

    def clean_amount(self) -> int:
        return minor_of(self.cleaned_data["amount"], self.currency)

    def wish(self) -> dict[str, Any]:
        values = self.cleaned_data
        return {"amount_minor": values["amount"], "reason": values["reason"]}


class WaiveForm(CorrectionForm):
    """Tells what is owed, and asks for the reason."""

    def __init__(self, *args: Any, reservation: Reservation, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, reservation=reservation, now=now, **kwargs)
        fee = phrases.money(owed.fee_due(reservation, now), reservation.currency)
        self.fields["reason"].help_text = now_said("The fee owed is %(fee)s.") % {"fee": fee}


class EarlyForm(CorrectionForm):
    """Asks what a guest pays who leaves before the end."""

    charge = forms.ChoiceField(label=_("Charge"))
    amount = forms.DecimalField(
        label=_("Amount"), min_value=Decimal(0), max_digits=15, required=False
    )

    def __init__(self, *args: Any, reservation: Reservation, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, reservation=reservation, now=now, **kwargs)
        self.currency = reservation.currency
        self.order_fields(["charge", "amount", "reason"])
        choice = self.fields["charge"]
        assert isinstance(choice, forms.ChoiceField)
        told = {
            one: phrases.money(settlement.final_price(reservation, now, one), self.currency)
            for one in Charge
        }
        choice.choices = [
            (
                Charge.ALL.value,
                now_said("all that was sold: %(price)s") % {"price": told[Charge.ALL]},
            ),
            (
                Charge.USED.value,
                now_said("the time used: %(price)s") % {"price": told[Charge.USED]},
            ),
            (AN_AMOUNT, now_said("another amount")),
        ]

    def clean(self) -> dict[str, Any]:
        """Checks that an amount is given where one is charged."""
        values: dict[str, Any] = super().clean() or {}
        if values.get("charge") == AN_AMOUNT and values.get("amount") is None:
            self.add_error("amount", now_said("Give the amount."))
        return values

    def clean_amount(self) -> int | None:
        given = self.cleaned_data["amount"]
        return None if given is None else minor_of(given, self.currency)

    def wish(self) -> dict[str, Any]:
        values = self.cleaned_data
        is_amount = values["charge"] == AN_AMOUNT
        charge = values["amount"] if is_amount else Charge(values["charge"])
        return {"charge": charge, "reason": values["reason"]}

    def refuse(self, fault: Refusal) -> None:
        if isinstance(fault, Invalid) and fault.field == "charge":
            self.add_error("amount", fault.detail)
        else:
            super().refuse(fault)


def may_leave_early(row: Reservation, now: datetime) -> bool:
    """True when the guest is here and the end is ahead. Runs no query."""
    return check_outs.may(row, now) and row.starts_at <= now < row.ends_at


AMOUNTS: dict[str, Correction] = {
    "check_out_early": Correction(
        actions.check_out,
        may_leave_early,
        EarlyForm,
        title=_("Check out %(code)s before the end"),
        button=_("Check out"),
        done=_("%(code)s is checked out."),
    ),
    "adjust_price": Correction(
        actions.adjust_price,
        adjustments.may_adjust,
        AdjustForm,
        title=_("Set the price of %(code)s"),
        button=_("Set the price"),
        done=_("The price of %(code)s is set."),
        needs=Act.ADJUST_PRICE,
    ),
    "waive_fee": Correction(
        actions.waive_fee,
        adjustments.may_waive,
        WaiveForm,
        title=_("Waive the fee of %(code)s"),
        button=_("Waive the fee"),
        done=_("The fee of %(code)s is waived."),
        needs=Act.WAIVE_FEE,
    ),
}
"""The pages of amounts, by the name of their verb."""


def minor_of(amount: Decimal, currency: str) -> int:
    """Returns an amount in minor units. Raises ValidationError where it has too many decimals."""
    minor = amount.scaleb(prices.exponent(currency))
    if minor != int(minor):
        told = now_said("%(currency)s has %(decimals)s decimals.")
        raise forms.ValidationError(
            told % {"currency": currency, "decimals": prices.exponent(currency)}
        )
    return int(minor)
