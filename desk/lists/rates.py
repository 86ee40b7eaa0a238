"""The admin of prices: in the page of a category, and in a list of their own."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from desk import venue_forms
from desk.context import id_of
from desk.scoping import OfOwnVenues, OwnVenueFilter
from desk.uncut import Uncut
from reservations.rules.permissions import Act
from venues import prices
from venues.models import Rate, Resource


class RateInline(Uncut, admin.TabularInline):  # type: ignore[type-arg]
    model = Rate
    form = venue_forms.RateForm
    formset = venue_forms.RatesFormSet
    fields = (
        "resource", "amount", "currency", "unit", "first_date", "last_date", "weekdays",
        "from_time", "to_time", "minimum", "day_maximum", "free_minutes", "least_stay",
    )  # fmt: skip
    readonly_fields = ("currency",)
    extra = 0

    @admin.display
    def currency(self, rate: Rate) -> str:
        return rate.category.venue.currency if rate.category_id else ""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "resource" and request.resolver_match is not None:
            category = id_of(request.resolver_match.kwargs.get("object_id", ""))
            kwargs["queryset"] = Resource.objects.filter(category=category)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rate]:
        return super().get_queryset(request).select_related("venue", "category__venue")


@admin.register(Rate)
class RateAdmin(OfOwnVenues):
    act = Act.RATES
    form = venue_forms.OneRateForm
    list_display = ("category", "resource", "venue", "price", "unit", "first_date", "last_date")
    list_filter: ClassVar = [("venue", OwnVenueFilter), "unit"]
    list_select_related = ("venue", "category", "resource")
    search_fields = ("category__name", "venue__name")
    ordering = ("venue__name", "category__position", "first_date", "id")

    @admin.display(ordering="amount_minor")
    def price(self, rate: Rate) -> str:
        return f"{rate.venue.currency} {prices.decimal(rate.amount_minor, rate.venue.currency)}"
