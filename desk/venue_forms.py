"""Forms of the admin for venues, with the checks that their fields do not make."""

from decimal import Decimal
from functools import cache
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.choices import CallableChoiceIterator

from desk.duration_field import HourField, LengthField
from reservations import clock
from reservations.errors import VenueInUse
from reservations.inventory import commitments
from reservations.inventory import venues as inventory_venues
from venues import hours, kinds, policy_rules, presets, prices, tariffs
from venues.models import Category, Combination, Opening, Policy, Rate, Resource, Venue
from venues.time_zones import is_same_zone, time_zones

TIMES = frozenset(
    {
        "check_in_time",
        "check_out_time",
        "buffer_before",
        "buffer_after",
        "adds_buffers",
        "slot_length",
        "step",
    }
)
"""The fields of a policy that say when stays begin and end."""

MOST_MINOR = 10**12
"""The largest rate that the database takes, in minor units."""


@cache
def _zones() -> list[tuple[str, str]]:
    return [("", "---------"), *((name, name) for name in sorted(time_zones()))]


def _clock() -> forms.TimeInput:
    return forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


# The zones are read when a form is shown, not at the start of every process.
ZONES = CallableChoiceIterator(_zones)


class VenueForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Venue
        fields = "__all__"  # noqa: DJ007 - the admin's fieldsets choose
        widgets: ClassVar = {
            "time_zone": forms.Select(choices=ZONES),
            "language": forms.Select(choices=[("", "---------"), *settings.LANGUAGES]),
            "description": forms.Textarea(attrs={"rows": 4, "cols": 60}),
        }
        labels: ClassVar = {"is_active": "Takes reservations"}

    def clean_language(self) -> str:
        language: str = self.cleaned_data["language"]
        if language and language not in dict(settings.LANGUAGES):
            raise ValidationError("Letters are not written in this language.")
        return language

    def clean_kind(self) -> str:
        kind: str = self.cleaned_data["kind"]
        if not self.instance.pk and kinds.named(kind).has_spots:
            raise ValidationError("Lots are opened on the page of lots, with their spots.")
        return kind

    def clean_mode(self) -> str:
        mode: str = self.cleaned_data["mode"]
        usual = presets.policy_for(self.cleaned_data.get("kind", ""))
        if not self.instance.pk and policy_rules.faults(usual, mode):
            raise ValidationError("With the policy of this kind, nothing is sold in this mode.")
        return mode

    def clean_is_active(self) -> bool:
        is_active: bool = self.cleaned_data["is_active"]
        if self.instance.pk and not is_active and "is_active" in self.changed_data:
            try:
                inventory_venues.judge_unused(self.instance, clock.now())
            except VenueInUse as fault:
                raise ValidationError(fault.detail) from None
        return is_active

    def clean_time_zone(self) -> str:
        zone: str = self.cleaned_data["time_zone"]
        before = self.initial.get("time_zone", zone)
        is_new = self.instance.pk and not is_same_zone(before, zone)
        if is_new and commitments.zone_is_fixed(self.instance, timezone.now()):
            raise ValidationError(
                "The time zone cannot change while there are reservations to come: "
                "they were made for local times of the old one."
            )
        return zone

    def clean_currency(self) -> str:
        currency: str = self.cleaned_data["currency"]
        is_new = self.instance.pk and "currency" in self.changed_data
        if is_new and commitments.currency_is_fixed(self.instance, timezone.now()):
            raise ValidationError(
                "The currency cannot change while there are rates or reservations to come in "
                "the old one."
            )
        return currency


class PolicyForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Policy
        fields = "__all__"  # noqa: DJ007 - the inline's fieldsets choose
        field_classes: ClassVar = {
            field.name: LengthField
            for field in Policy._meta.fields
            if field.get_internal_type() == "DurationField"
        } | {"last_arrival": HourField}
        widgets: ClassVar = {
            name: _clock() for name in ("check_in_time", "check_out_time", "day_ends")
        }
        help_texts: ClassVar = {
            "day_ends": "until then the desk works on the day before",
            "adds_buffers": "between two guests both buffers, not the longer of the two",
        }

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        for name in ("hold_time", "default_length", "slot_length", "step"):
            if values.get(name) is not None and not values[name]:
                self.add_error(name, "Give a length above zero.")
        return values


class CategoryForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Category
        fields = ("venue", "name", "code", "description", "position", "is_on_request")
        help_texts: ClassVar = {"code": "bookings name the category by it; it cannot change later"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "code" in self.fields:
            self.fields["code"].disabled = True


class OpeningForm(forms.ModelForm):  # type: ignore[type-arg]
    """The hours of a weekday or a date. A date without times is closed."""

    class Meta:
        model = Opening
        fields = ("venue", "resource", "weekday", "date", "opens", "closes")
        widgets: ClassVar = {"opens": _clock(), "closes": _clock()}
        help_texts: ClassVar = {
            "closes": "at or before opening means the next day",
            "resource": "empty for the hours of the whole venue",
        }

    def clean(self) -> dict[str, Any]:
        """Checks weekday, date, hours and unit against each other."""
        values: dict[str, Any] = super().clean() or {}
        opens, closes = values.get("opens"), values.get("closes")
        # A row on a venue's page has no date field. A unit's row has both fields.
        if not self.errors and (values.get("weekday") is None) == (values.get("date") is None):
            self.add_error("weekday", "Give a weekday or a date, one of them.")
        elif (opens is None) != (closes is None):
            self.add_error("closes" if closes is None else "opens", "Give both times, or neither.")
        elif opens is None and values.get("date") is None and not self.errors:
            self.add_error("opens", "Give the hours; only a single date can be closed.")
        venue = values.get("venue") or _venue_of(self.instance)
        unit = values.get("resource")
        if venue is not None and unit is not None and unit.venue_id != venue.pk:
            self.add_error("resource", f"{unit} belongs to {unit.venue}.")
        return values


class OneOpeningForm(OpeningForm):
    """The same on a page of its own, where no other row of the unit or venue is at hand."""

    class Meta(OpeningForm.Meta):
        pass

    def clean(self) -> dict[str, Any]:
        """Checks against the other hours of the unit or the venue too."""
        values = super().clean()
        venue = values.get("venue") or _venue_of(self.instance)
        if self.errors or venue is None:
            return values
        unit = values["resource"] if "resource" in self.fields else self.instance.resource
        others = Opening.objects.filter(venue=venue, resource=unit).exclude(pk=self.instance.pk)
        now = Opening(**{name: values.get(name) for name in ("weekday", "date", "opens", "closes")})
        for other in others:
            if hours.clash([now, other]):
                self.add_error("opens", _OVERLAPS.format(other))
                break
        return values


class OpeningFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    """The hours of a venue or a unit, which must not overlap."""

    def clean(self) -> None:
        """Raises ValidationError when two of the rows overlap."""
        super().clean()
        if any(self.errors):
            return
        rows = [form.instance for form in self.forms if form not in self.deleted_forms]
        if found := hours.clash(rows):
            raise ValidationError(_OVERLAPS.format(found[1]))


_OVERLAPS = "These hours overlap others: {}. Change or delete one of them."


class InCategoryForm(forms.ModelForm):  # type: ignore[type-arg]
    """A row in a category. Its venue is the category's and never changes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        venue = _venue_of(self.instance)
        for name in ("category", "resource", "resources"):
            if venue is not None and name in self.fields:
                rows = self.fields[name].queryset  # type: ignore[attr-defined]
                self.fields[name].queryset = rows.filter(venue=venue)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Sets the venue and checks that the name is free there."""
        values: dict[str, Any] = super().clean() or {}
        category: Category | None = values.get("category") or self._parent()
        if category is None:
            return values
        self.instance.venue_id = category.venue_id
        name = values.get("name")
        rows = type(self.instance).objects.filter(venue=category.venue_id)
        if name and rows.filter(name=name).exclude(pk=self.instance.pk).exists():
            self.add_error("name", f"{category.venue} has {name} already.")
        return values

    def _parent(self) -> Category | None:
        return self.instance.category if self.instance.category_id else None


class ResourceForm(InCategoryForm):
    class Meta:
        model = Resource
        fields = (
            "category", "name", "floor", "capacity", "rank", "attributes",
            "plan_x", "plan_y", "time_zone",
        )  # fmt: skip
        widgets: ClassVar = {
            "time_zone": forms.Select(choices=ZONES),
            "attributes": forms.Textarea(attrs={"rows": 3, "cols": 40}),
        }
        help_texts: ClassVar = {
            "capacity": "how many it seats",
            "rank": "lower is given out first where the policy ranks units",
            "time_zone": "of its own schedule; empty for the venue's",
            "attributes": 'what tells it from others, such as {"sea_view": true}',
        }

    def clean_category(self) -> Category:
        category: Category = self.cleaned_data["category"]
        if not self.instance.pk and kinds.named(category.venue.kind).has_spots:
            raise ValidationError(
                "Spots of a lot are made from a number: change the lot's number of spots."
            )
        return category

    def clean_attributes(self) -> dict[str, Any]:
        value = self.cleaned_data["attributes"]
        if not isinstance(value, dict):
            raise ValidationError('Give names and values: {"sea_view": true}.')
        return value


class CombinationForm(InCategoryForm):
    class Meta:
        model = Combination
        fields = ("category", "name", "capacity", "resources")

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        category, units = values.get("category"), values.get("resources")
        if category is not None and units is not None:
            strange = [unit.name for unit in units if unit.venue_id != category.venue_id]
            if strange:
                self.add_error("resources", f"Not units of {category.venue}: {', '.join(strange)}.")
        return values


class RateForm(InCategoryForm):
    """A rate. The form takes amounts in the venue's currency and stores minor units."""

    amount = forms.DecimalField(
        min_value=Decimal(0), max_digits=15, help_text="in the venue's currency, such as 120.00"
    )

    minimum = forms.DecimalField(
        min_value=Decimal(0), max_digits=15, required=False, help_text="least for a whole stay"
    )
    day_maximum = forms.DecimalField(
        min_value=Decimal(0), max_digits=15, required=False, help_text="most for one local day"
    )

    class Meta:
        model = Rate
        fields = (
            "category", "resource", "unit", "amount", "first_date", "last_date", "weekdays",
            "from_time", "to_time", "minimum", "day_maximum", "free_minutes", "least_stay",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        venue = _venue_of(self.instance)
        if venue is not None:
            for name in _AMOUNTS:
                minor = getattr(self.instance, f"{name}_minor")
                if minor is not None:
                    self.initial[name] = prices.decimal(minor, venue.currency)
            self.fields["amount"].label = f"Amount ({venue.currency})"

    def clean(self) -> dict[str, Any]:
        """Checks dates and times, and converts the amounts to minor units."""
        values = super().clean()
        first, last = values.get("first_date"), values.get("last_date")
        if first and last and last < first:
            self.add_error("last_date", "The last date is before the first.")
        if (values.get("from_time") is None) != (values.get("to_time") is None):
            self.add_error("to_time", "Give both times of the day, or neither.")
        category = values.get("category") or self._parent()
        unit = values.get("resource")
        if category is not None and unit is not None and unit.category_id != category.pk:
            self.add_error("resource", f"{unit} is not of the category {category}.")
        if category is not None:
            for name in _AMOUNTS:
                self._keep_amount(name, values.get(name), category.venue.currency)
        return values

    def _keep_amount(self, name: str, amount: Decimal | None, currency: str) -> None:
        if amount is None:
            if name != "amount":
                setattr(self.instance, f"{name}_minor", None)
            return
        minor = amount.scaleb(prices.exponent(currency))
        if minor != int(minor):
            decimals = prices.exponent(currency)
            self.add_error(name, f"{currency} has {decimals} decimals.")
        elif minor > MOST_MINOR:
            self.add_error(name, "This is more than any rate may be.")
        else:
            setattr(self.instance, f"{name}_minor", int(minor))


class OneRateForm(RateForm):
    """A rate on a page of its own, judged with the others of its category."""

    class Meta(RateForm.Meta):
        pass

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        others = Rate.objects.filter(category=self.instance.category).exclude(pk=self.instance.pk)
        try:
            for other in others:
                tariffs.judge([other, self.instance])
        except ValidationError as fault:
            self.add_error(None, fault)


class RatesFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    """The rates of a category, judged together as they will be saved."""

    def clean(self) -> None:
        """Refuses rates that contradict each other."""
        super().clean()
        kept = [form for form in self.forms if form not in self.deleted_forms]
        if all(form.is_valid() for form in kept):
            given = [form.instance for form in kept if form.has_changed() or form.instance.pk]
            tariffs.judge(given)


_AMOUNTS = ("amount", "minimum", "day_maximum")


def _venue_of(row: Any) -> Venue | None:
    return row.venue if row.venue_id else None
