"""Form fields of the desk: local times, dates, units and categories."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext

from reservations.rules import modes
from spelling import dates
from venues.hours import instant
from venues.models import Resource, Venue

_SHOWN = "%Y-%m-%dT%H:%M"


class LocalTimeField(forms.Field):
    """A local time at a zone, as an aware datetime.

    If clocks show a time twice, in autumn, the field takes the first. It refuses a time that clocks
    skip in spring.
    """

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_SHOWN)

    def __init__(self, *, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.zone = zone

    def prepare_value(self, value: Any) -> Any:
        """Returns an instant as local time, in the format of the input."""
        return f"{value.astimezone(self.zone):{_SHOWN}}" if isinstance(value, datetime) else value

    def to_python(self, value: Any) -> datetime | None:
        """Returns an instant, or None for an empty field. Raises ValidationError."""
        if value in self.empty_values:
            return None
        if isinstance(value, datetime):
            return value
        local = _read(value)
        moment = instant(local.date(), local.time(), self.zone)
        if moment.astimezone(self.zone).replace(tzinfo=None) != local:
            raise forms.ValidationError(
                gettext(
                    "There is no %(time)s on that day: the clocks in %(zone)s go forward over it."
                    " Choose another time."
                )
                % {"time": f"{local:%H:%M}", "zone": self.zone.key}
            )
        return moment

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compares the local times as shown."""
        # Compare what the page shows: an untouched field keeps its seconds, and which of two equal
        # local times it was.
        return not self.disabled and (self.prepare_value(initial) or "") != (data or "")


class DeskDayField(forms.DateField):
    """A date, such as that of a night, in a plausible year."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    input_formats = dates.FORMATS

    def clean(self, value: Any) -> Any:
        """Returns the date, or None for an empty field. Raises ValidationError."""
        day = super().clean(value)
        if day is not None and day.year not in modes.YEARS:
            raise forms.ValidationError(gettext("Check the year."))
        return day


def time_field(venue: Venue, **options: Any) -> forms.Field:
    """Returns a field for one end of a range: a date if the venue sells nights, else
    a local time.
    """
    if modes.sells_nights(venue):
        return DeskDayField(**options)
    return LocalTimeField(zone=venue.zone, **options)


def field_text(venue: Venue, at: datetime) -> str:
    """Returns one end of a range as the text of its field."""
    local = at.astimezone(venue.zone)
    return f"{local:{'%Y-%m-%d' if modes.sells_nights(venue) else _SHOWN}}"


class UnitField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A choice of one unit."""

    def label_from_instance(self, obj: Any) -> str:
        return unit_label(obj)


class UnitsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """A choice of several units."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, obj: Any) -> str:
        return unit_label(obj)


def unit_label(unit: Resource) -> str:
    """Returns a label such as `201 · Deluxe double · floor 2 · for 2`."""
    parts = [unit.name, str(unit.category)]
    if unit.floor:
        parts.append(gettext("floor %s") % unit.floor)
    return " · ".join([*parts, gettext("for %s") % unit.capacity])


def _read(value: Any) -> datetime:
    try:
        local = datetime.fromisoformat(str(value))
    except ValueError:
        raise forms.ValidationError(gettext("Give a date and a time: 2027-03-01T12:00.")) from None
    if local.tzinfo is not None:
        raise forms.ValidationError(gettext("Give the time without a zone: it is the venue's."))
    if local.year not in modes.YEARS:
        raise forms.ValidationError(gettext("Check the year."))
    return local
