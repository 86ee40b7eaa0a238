"""The admin of what a venue asks and charges: payment terms, taxes, and extras. For managers."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from desk import charge_forms
from desk.scoping import OfOwnVenues, OwnVenueFilter
from reservations.rules.permissions import Act
from venues import prices
from venues.models import Extra, PaymentTerm, TaxRule

_OF_VENUE = ("venue", OwnVenueFilter)


class _OfAmount(OfOwnVenues):
    """Rows with an amount in the currency of their venue, which never changes."""

    list_select_related: ClassVar[tuple[str, ...]] = ("venue",)
    list_filter: ClassVar = [_OF_VENUE]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("venue",) if obj else ()

    @admin.display(description=_("amount"), ordering="amount_minor")
    def amount(self, row: Any) -> str:
        """The amount with its currency, "" without one."""
        if row.amount_minor is None:
            return ""
        return f"{row.venue.currency} {prices.decimal(row.amount_minor, row.venue.currency)}"


@admin.register(PaymentTerm)
class PaymentTermAdmin(_OfAmount):
    """What is asked before a guest confirms, and what cancelling costs."""

    act = Act.POLICY
    form = charge_forms.PaymentTermForm
    list_display = (
        "kind", "venue", "category", "first_date", "last_date", "percent", "amount",
    )  # fmt: skip
    list_select_related = ("venue", "category")
    search_fields = ("venue__name", "category__name")
    ordering = ("venue__name", "category__position", "first_date", "id")


@admin.register(TaxRule)
class TaxRuleAdmin(_OfAmount):
    act = Act.RATES
    form = charge_forms.TaxRuleForm
    list_display = (
        "name", "code", "venue", "basis", "rate", "amount", "included", "first_date", "last_date",
    )  # fmt: skip
    search_fields = ("name", "code", "venue__name")
    ordering = ("venue__name", "code", "first_date", "id")

    @admin.display(description=_("rate"), ordering="rate_bp")
    def rate(self, row: TaxRule) -> str:
        """The rate in percent, "" for an amount."""
        return "" if row.rate_bp is None else f"{charge_forms.percent_text(row.rate_bp)} %"


@admin.register(Extra)
class ExtraAdmin(_OfAmount):
    act = Act.RATES
    form = charge_forms.ExtraForm
    list_display = ("name", "code", "venue", "basis", "amount", "is_obligatory", "tax_code")
    search_fields = ("name", "code", "venue__name")
    ordering = ("venue__name", "position", "id")
