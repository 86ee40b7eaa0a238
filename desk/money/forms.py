"""The forms of money: a payment that was taken, and money that is given back."""

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as now_said
from django.utils.translation import gettext_lazy as _

from desk import phrases
from desk.reservations.amounts import minor_of
from desk.reservations.corrections import CorrectionForm
from guests.form_fields import UncutField
from payments import card_charges, folio, guarantees, recording
from payments.methods import AT_DESK_CHOICES, Method
from payments.recording import Taken
from reservations.models import Reservation
from reservations.pricing import owed
from venues import prices

_MOST_DIGITS = 15


class MoneyForm(CorrectionForm):
    """Asks for an amount. Sent twice, it counts once."""

    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    amount = forms.DecimalField(label=_("Amount"), max_digits=_MOST_DIGITS)

    def __init__(self, *args: Any, reservation: Reservation, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, reservation=reservation, now=now, **kwargs)
        self.currency = reservation.currency

    @property
    def fieldsets(self) -> list[tuple[str | None, dict[str, Any]]]:
        """The fields that are seen, in their order."""
        return [(None, {"fields": [name for name in self.fields if name != "once"]})]

    def clean_amount(self) -> int:
        return minor_of(self.cleaned_data["amount"], self.currency)

    def suggest(self, amount_minor: int) -> None:
        """Fills in an amount, if there is one, and tells the currency."""
        field = self.fields["amount"]
        field.help_text = self.currency
        if amount_minor > 0:
            field.initial = self.decimal(amount_minor)

    def decimal(self, amount_minor: int) -> Decimal:
        """Returns an amount as it is typed."""
        return prices.decimal(amount_minor, self.currency)

    def may_be_sent_again(self) -> None:
        """Says that the form was carried out already, and makes it a new one."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        data["once"] = str(uuid.uuid4())
        self.data = data
        told = now_said("This form was recorded already. Send it again to record another amount.")
        self.add_error(None, told)


class PayForm(MoneyForm):
    """Asks how much was paid, how, and where. The amount is what is due."""

    method = forms.ChoiceField(label=_("How it was paid"), choices=AT_DESK_CHOICES)
    till = UncutField(
        label=_("Till"),
        max_length=30,
        required=False,
        help_text=_("of cash and card terminals; empty means main"),
    )
    reference = UncutField(
        label=_("Reference"),
        max_length=recording.LONGEST_REFERENCE,
        required=False,
        help_text=_("the number of the receipt, voucher or transfer"),
    )

    def __init__(self, *args: Any, reservation: Reservation, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, reservation=reservation, now=now, **kwargs)
        del self.fields["reason"]
        self.order_fields(["once", "method", "amount", "till", "reference"])
        self.suggest(owed.due(reservation, now))

    def wish(self) -> dict[str, Any]:
        values = self.cleaned_data
        return {
            "taken": Taken(
                method=Method(values["method"]),
                amount_minor=values["amount"],
                till=values["till"],
                reference=values["reference"],
            )
        }


class GiveBackForm(MoneyForm):
    """Asks how much is given back, and why. What was paid is the most."""

    def __init__(self, *args: Any, reservation: Reservation, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, reservation=reservation, now=now, **kwargs)
        self.order_fields(["once", "amount", "reason"])
        most = folio.refundable_minor(reservation)
        self.suggest(min(most, max(0, reservation.paid_minor - owed.owed(reservation, now))))
        told = now_said("At most %(amount)s. It goes back by the way it was paid.")
        self.fields["amount"].help_text = told % {"amount": phrases.money(most, self.currency)}

    def wish(self) -> dict[str, Any]:
        values = self.cleaned_data
        return {"amount_minor": values["amount"], "reason": values["reason"]}


class ChargeForm(MoneyForm):
    """Asks how much a stored card is charged, and why. What the guest agreed to is the most."""

    def __init__(self, *args: Any, reservation: Reservation, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, reservation=reservation, now=now, **kwargs)
        self.order_fields(["once", "amount", "reason"])
        stored = guarantees.of(reservation)
        most = card_charges.chargeable_minor(reservation, stored) if stored else 0
        self.suggest(min(most, owed.due(reservation, now)))
        told = now_said("At most %(amount)s, as the guest agreed.")
        self.fields["amount"].help_text = told % {"amount": phrases.money(most, self.currency)}

    def wish(self) -> dict[str, Any]:
        values = self.cleaned_data
        return {"amount_minor": values["amount"], "reason": values["reason"]}
