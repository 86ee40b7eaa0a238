"""The reminders of a venue, on the page of the venue."""

from typing import Any

from django import forms
from django.contrib import admin

from desk.duration_field import LengthField
from desk.uncut import Uncut
from venues.models import Reminder
from venues.models.reminder import MOST


class ReminderForm(forms.ModelForm):  # type: ignore[type-arg]
    """A reminder: days and a time, or a length in words."""

    before = LengthField(required=False, help_text="so long before, such as 3 hours")

    class Meta:
        model = Reminder
        fields = ("name", "days_before", "at_time", "before", "counts_from", "channel")


class ReminderInline(Uncut, admin.TabularInline):  # type: ignore[type-arg]
    """When guests are reminded, and by what: up to three times."""

    model = Reminder
    form = ReminderForm
    fields = ("name", "days_before", "at_time", "before", "counts_from", "channel")
    extra = 0
    max_num = MOST

    def get_formset(self, *args: Any, **kwargs: Any) -> Any:
        """Refuses a fourth, also where a page is sent that was not made here."""
        return super().get_formset(*args, **{"validate_max": True, **kwargs})
