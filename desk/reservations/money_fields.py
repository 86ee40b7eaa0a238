"""The fields of a change that say what it costs: tariff, fee and the reason."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from guests.form_fields import UncutField
from reservations.requests import Reprice

NAMES = ("reprice", "late_fee", "reason")
"""The names of the fields, in their order."""

TITLE = _("What it costs")

_TARIFFS = [
    ("", _("as usual")),
    (Reprice.KEEP.value, _("all by the tariff as sold")),
    (Reprice.ADDED.value, _("what is added by today's rates")),
    (Reprice.ALL.value, _("everything by today's rates")),
]

_FEES = [
    ("", _("ask me if there is one")),
    ("charge", _("charge it")),
    ("waive", _("do not charge it")),
]


def fields() -> dict[str, forms.Field]:
    """New fields, by name."""
    return {
        "reprice": forms.ChoiceField(label=_("Price"), choices=_TARIFFS, required=False),
        "late_fee": forms.ChoiceField(
            label=_("Fee for a late change"),
            choices=_FEES,
            required=False,
            help_text=_("owed where cancelling is no longer free and something sold is given up"),
        ),
        "reason": UncutField(
            label=_("Reason"),
            max_length=200,
            required=False,
            help_text=_("for another price, or a fee that is not charged; it is recorded"),
        ),
    }


def words_of(values: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a Change that these cleaned values stand for."""
    fee = values["late_fee"]
    return {
        "reprice": Reprice(values["reprice"]) if values["reprice"] else None,
        "accept_fee": None if not fee else fee == "charge",
        "reason": values["reason"],
    }
