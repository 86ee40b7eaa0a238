"""The form that closes units."""

from contextlib import suppress
from typing import Any

from django import forms

from desk import phrases
from desk.fields import DeskDayField, LocalTimeField, UnitsField
from guests.form_fields import UncutField
from reservations.errors import Invalid, Refusal
from reservations.rules import modes
from venues.hours import DAY, Window
from venues.models import Venue


class NightField(DeskDayField):
    """The local date of a night. Of a local time it takes the night that begins on that day.

    With `is_last` a local time is that of leaving, on the day after the last night.
    """

    def __init__(self, *, is_last: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.is_last = is_last

    def to_python(self, value: Any) -> Any:
        """Returns the date, or None for an empty field. Raises ValidationError."""
        text = str(value or "")
        day = super().to_python(text.partition("T")[0])
        return day - DAY if day and self.is_last and "T" in text else day

    def prepare_value(self, value: Any) -> Any:
        """Returns the date of the night, also of a local time in an address."""
        if isinstance(value, str) and "T" in value:
            with suppress(forms.ValidationError):
                return self.to_python(value)
        return value


class CloseForm(forms.Form):
    """Asks which units to close, for which range, and why."""

    def __init__(self, *args: Any, venue: Venue, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.venue = venue
        zone, note = venue.zone, f"on the clocks of {venue.name} ({venue.time_zone})"
        units = venue.resources.filter(retired_at=None).select_related("category")
        if modes.sells_nights(venue):
            self.fields["starts_at"] = NightField(label="First night")
            self.fields["ends_at"] = NightField(
                is_last=True,
                label="Last night",
                help_text="the units are sold again from the next night on",
            )
        else:
            self.fields["starts_at"] = LocalTimeField(zone=zone, label="From", help_text=note)
            self.fields["ends_at"] = LocalTimeField(zone=zone, label="Until", help_text=note)
        self.fields["reason"] = UncutField(max_length=200)
        self.fields["units"] = UnitsField(units)

    @property
    def fieldsets(self) -> list[tuple[str | None, dict[str, Any]]]:
        """The fields in their order."""
        return [(None, {"fields": ["starts_at", "ends_at", "reason", "units"]})]

    def window(self) -> Window:
        """Returns the range to close. Call it on a valid form only."""
        first, last = self.cleaned_data["starts_at"], self.cleaned_data["ends_at"]
        if modes.sells_nights(self.venue):
            return modes.stay(self.venue, first, last + DAY)
        return Window(first, last)

    def clean(self) -> dict[str, Any]:
        """Refuses a last night before the first."""
        values: dict[str, Any] = super().clean() or {}
        first, last = values.get("starts_at"), values.get("ends_at")
        if first and last and modes.sells_nights(self.venue) and last < first:
            self.add_error("ends_at", "The last night is before the first.")
        return values

    def refuse(self, fault: Refusal) -> None:
        """Shows a refusal beside its field, or at the top if it has none here."""
        name = fault.field if isinstance(fault, Invalid) else None
        told = phrases.refusal(fault, self.venue.zone)
        self.add_error(name if name in self.fields else None, told)
