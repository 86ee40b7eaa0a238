"""The form that closes units."""

from typing import Any

from django import forms

from desk import phrases
from desk.fields import LocalTimeField, UnitsField
from reservations.errors import Invalid, Refusal
from venues.hours import Window
from venues.models import Venue


class CloseForm(forms.Form):
    """Asks which units to close, for which range, and why."""

    def __init__(self, *args: Any, venue: Venue, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.venue = venue
        zone, note = venue.zone, f"on the clocks of {venue.name} ({venue.time_zone})"
        units = venue.resources.filter(retired_at=None).select_related("category")
        self.fields["starts_at"] = LocalTimeField(zone=zone, label="From", help_text=note)
        self.fields["ends_at"] = LocalTimeField(zone=zone, label="Until", help_text=note)
        self.fields["reason"] = forms.CharField(max_length=200)
        self.fields["units"] = UnitsField(units)

    @property
    def fieldsets(self) -> list[tuple[str | None, dict[str, Any]]]:
        """The fields in their order."""
        return [(None, {"fields": ["starts_at", "ends_at", "reason", "units"]})]

    def window(self) -> Window:
        """Returns the range to close. Call it on a valid form only."""
        return Window(self.cleaned_data["starts_at"], self.cleaned_data["ends_at"])

    def refuse(self, fault: Refusal) -> None:
        """Shows a refusal beside its field, or at the top if it has none here."""
        name = fault.field if isinstance(fault, Invalid) else None
        told = phrases.refusal(fault, self.venue.zone)
        self.add_error(name if name in self.fields else None, told)
