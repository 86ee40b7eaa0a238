"""Form fields of the desk: times as the venue's clocks show them, units and categories."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from reservations.rules import modes
from venues.hours import instant
from venues.models import Resource, Venue

_SHOWN = "%Y-%m-%dT%H:%M"


class LocalTimeField(forms.Field):
    """A time on the clocks of a zone, as the instant it is.

    Shown twice in autumn means the first showing; never shown, in spring, is refused.
    """

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_SHOWN)

    def __init__(self, *, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.zone = zone

    def prepare_value(self, value: Any) -> Any:
        return f"{value.astimezone(self.zone):{_SHOWN}}" if isinstance(value, datetime) else value

    def to_python(self, value: Any) -> datetime | None:
        if value in self.empty_values:
            return None
        if isinstance(value, datetime):
            return value
        local = _read(value)
        moment = instant(local.date(), local.time(), self.zone)
        if moment.astimezone(self.zone).replace(tzinfo=None) != local:
            raise forms.ValidationError(
                f"There is no {local:%H:%M} on that day: the clocks in {self.zone.key} "
                "go forward over it. Choose another time."
            )
        return moment

    def has_changed(self, initial: Any, data: Any) -> bool:
        # Compared as shown: a second showing, or seconds, that nobody touched stay as they are.
        return not self.disabled and (self.prepare_value(initial) or "") != (data or "")


class DeskDayField(forms.DateField):
    """A date, of a night for instance, of a year that can be meant."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

    def clean(self, value: Any) -> Any:
        day = super().clean(value)
        if day is not None and day.year not in modes.YEARS:
            raise forms.ValidationError("Check the year.")
        return day


def time_field(venue: Venue, **options: Any) -> forms.Field:
    """A field for either end of a range: a date where nights are sold, else a time there."""
    if modes.sells_nights(venue):
        return DeskDayField(**options)
    return LocalTimeField(zone=venue.zone, **options)


def field_text(venue: Venue, at: datetime) -> str:
    """An end of a range as its field holds it."""
    local = at.astimezone(venue.zone)
    return f"{local:{'%Y-%m-%d' if modes.sells_nights(venue) else _SHOWN}}"


class UnitField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """One unit, told with what one would want to know of it."""

    def label_from_instance(self, obj: Any) -> str:
        return unit_label(obj)


class UnitsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Several units."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, obj: Any) -> str:
        return unit_label(obj)


def unit_label(unit: Resource) -> str:
    """`201 · Deluxe double · floor 2 · for 2`."""
    floor = f" · floor {unit.floor}" if unit.floor else ""
    return f"{unit.name} · {unit.category}{floor} · for {unit.capacity}"


def _read(value: Any) -> datetime:
    try:
        local = datetime.fromisoformat(str(value))
    except ValueError:
        raise forms.ValidationError("Give a date and a time: 2027-03-01T12:00.") from None
    if local.tzinfo is not None:
        raise forms.ValidationError("Give the time without a zone: it is the venue's.")
    if local.year not in modes.YEARS:
        raise forms.ValidationError("Check the year.")
    return local
