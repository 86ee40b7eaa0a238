"""The forms of reservations: from what a clerk types to a booking or a change for the engine."""

import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as now_said
from django.utils.translation import gettext_lazy as _

from desk import phrases
from desk.fields import UnitField, time_field
from guests.errors import ContactInvalid, GuestError
from guests.phones import LONGEST_INPUT
from reservations.errors import Invalid, Refusal
from reservations.models import Reservation
from reservations.requests import Booking, Change, Contact, Times
from reservations.rules import modes
from reservations.rules.guest_fields import CONTACT, DETAILS, EXTRAS, LARGEST_PARTY, longest
from reservations.status import Status
from venues import kinds, wording
from venues.hours import Window
from venues.models import Policy, Venue

LONGEST_LINE = 80
"""Characters. Longer texts get a field of several lines."""

_BESIDE = {
    "too_soon": "start", "too_far": "start", "closed": "start", "not_offered": "start",
    "taken": "start", "held_by_other": "start", "too_short": "end", "too_long": "end",
    "party_too_large": "guest_count", "no_choice": "resource",
}  # fmt: skip
"""The field beside which a refusal appears. `start` and `end` depend on the venue's mode."""


class ReservationForm(forms.Form):
    """The fields that a new reservation and a change share."""

    guest_count = forms.IntegerField(
        label="Guests", min_value=1, max_value=LARGEST_PARTY, initial=1
    )
    first_name = forms.CharField(max_length=longest("first_name"))
    last_name = forms.CharField(max_length=longest("last_name"))
    phone = forms.CharField(
        max_length=LONGEST_INPUT,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
    )
    email = forms.CharField(
        label="E-mail", max_length=longest("email"), required=False, widget=forms.EmailInput
    )
    receive_email_updates = forms.BooleanField(
        label="Receive e-mail updates", required=False, initial=True
    )
    receive_phone_call = forms.BooleanField(required=False, initial=True)
    receive_text_notification = forms.BooleanField(required=False)
    override_reason = forms.CharField(
        label="Reason to override",
        max_length=200,
        required=False,
        help_text="sets the venue's policy and hours aside for this one, and is recorded",
    )

    def __init__(self, *args: Any, venue: Venue, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.update({name: _extra_field(name) for name in EXTRAS})
        self.venue = venue
        self.start, self.end = modes.field_names(venue)
        told = now_said("national numbers are read for %(region)s")
        self.fields["phone"].help_text = told % {"region": venue.phone_region}

    @property
    def fieldsets(self) -> list[tuple[str | None, dict[str, Any]]]:
        """The fields in their order, by section."""
        place = [name for name in ("category", "resource") if name in self.fields]
        title = f"When, on the clocks of {self.venue.name} ({self.venue.time_zone})"
        return [
            (title, {"fields": [self.start, self.end]}),
            ("Where", {"fields": ["guest_count", *place]}),
            ("Who", {"fields": [*CONTACT]}),
            ("More", {"fields": [*EXTRAS]}),
            ("Policy", {"fields": ["override_reason"]}),
        ]

    def refuse(self, fault: Refusal | GuestError) -> None:
        """Shows a refusal beside its field, or at the top if it has none here."""
        if isinstance(fault, ContactInvalid):
            for name, sentence in fault.errors:
                self.add_error(name if name in self.fields else None, sentence)
            return
        told = phrases.refusal(fault, self.venue.zone)
        self.add_error(self._field_of(fault), told)

    def _field_of(self, fault: Refusal | GuestError) -> str | None:
        name = fault.field if isinstance(fault, Invalid) else _BESIDE.get(fault.code, "")
        name = {"start": self.start, "end": self.end}.get(name, name)
        return name if name in self.fields else None

    def _add_places(self, *, any_category: str, any_unit: str, unit_help: str) -> None:
        self.fields["category"] = forms.ModelChoiceField(
            self.venue.categories.all(), required=False, empty_label=any_category
        )
        units = self.venue.resources.filter(retired_at=None).select_related("category")
        self.fields["resource"] = UnitField(
            units, label="Unit", required=False, empty_label=any_unit, help_text=unit_help
        )


class HoldForm(ReservationForm):
    """A new reservation."""

    # If the form is sent twice, it makes one reservation.
    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_given = self.venue.policy.unit_choice == Policy.UnitChoice.VENUE
        self._add_places(
            any_category="any that fits, the cheapest first",
            any_unit="any that is free",
            unit_help="given out by the venue: choosing one needs a reason to override"
            if is_given
            else "choosing one fixes it, whatever the category above says",
        )
        self.fields[self.start] = _start_field(self.venue)
        self.fields[self.end] = _end_field(self.venue)
        if not kinds.named(self.venue.kind).asks_plate:
            del self.fields["vehicle_plate"]

    @property
    def fieldsets(self) -> list[tuple[str | None, dict[str, Any]]]:
        """The sections, without fields that this venue does not ask."""
        shown = super().fieldsets
        for _title, options in shown:
            options["fields"] = [name for name in options["fields"] if name in self.fields]
        return shown

    def may_be_sent_again(self) -> None:
        """Shows that the form was sent before, and gives it a new key so that it can
        be sent again.
        """
        data = QueryDict(mutable=True)
        data.update(self.data)
        data["once"] = str(uuid.uuid4())
        self.data = data
        self.add_error(
            None, "This form made a reservation already. Send it again to make another one."
        )

    def booking(self) -> Booking:
        """Returns the booking for the engine. Call it on a valid form only."""
        values = self.cleaned_data
        category, unit = values["category"], values["resource"]
        return Booking(
            venue=self.venue.slug,
            times=Times(**{self.start: values[self.start], self.end: values[self.end]}),
            contact=Contact(**{name: values[name] for name in CONTACT}),
            guest_count=values["guest_count"],
            category=category.code if category else None,
            resource=unit.pk if unit else None,
            **{name: values.get(name, "") for name in EXTRAS},
            override_reason=values["override_reason"],
        )


class ModifyForm(ReservationForm):
    """A change of a reservation. Untouched fields stay as they are, to the second."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)

    def __init__(self, *args: Any, reservation: Reservation, now: datetime, **kwargs: Any) -> None:
        self.reservation = reservation
        venue = reservation.venue
        super().__init__(*args, venue=venue, **kwargs)
        # A walk-in may have no phone number.
        self.fields["phone"].required = bool(reservation.phone)
        self._add_places(
            any_category=f"as it is: {reservation.category}",
            any_unit="as it is, or any that is free",
            unit_help="choosing one fixes it",
        )
        self.fields[self.start] = _start_field(venue)
        self.fields[self.end] = _end_field(venue, is_required=True)
        if reservation.status_at(now) is Status.PRESENT:
            self.fields[self.start].disabled = True
            self.fields[self.start].help_text = "the guest is here: only the end can change"
        self.initial.update(self._as_it_is())

    def change(self) -> Change | None:
        """Returns the change for the engine, or None if the clerk touched no field."""
        values, touched = self.cleaned_data, set(self.changed_data)
        details = {name: values[name] for name in DETAILS if name in touched}
        category, unit = values["category"], values["resource"]
        if not touched - {"version", "override_reason"}:
            return None
        return Change(
            times=self._times(touched),
            category=category.code if category else None,
            resource=unit.pk if unit else None,
            guest_count=values["guest_count"] if "guest_count" in touched else None,
            details=details,
            version=values["version"],
            override_reason=values["override_reason"],
        )

    def _times(self, touched: set[str]) -> Times | None:
        if not touched & {self.start, self.end}:
            return None
        kept = self._as_it_is()
        times = {
            name: self.cleaned_data[name] if name in touched else kept[name]
            for name in (self.start, self.end)
        }
        return Times(**times)

    def _as_it_is(self) -> dict[str, Any]:
        row = self.reservation
        return {
            **modes.fields(self.venue, Window(row.starts_at, row.ends_at)),
            "guest_count": row.guest_count,
            "version": row.version,
            **{name: getattr(row, name) for name in DETAILS},
        }


def _extra_field(name: str) -> forms.CharField:
    """A field for an extra text of the guest: several lines if there is room for a sentence."""
    has_lines = longest(name) > LONGEST_LINE
    widget = forms.Textarea(attrs={"rows": 3, "cols": 40}) if has_lines else forms.TextInput()
    return forms.CharField(max_length=longest(name), required=False, widget=widget)


class NoteForm(forms.Form):
    """The remarks of a reservation."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    remarks = forms.CharField(
        label=_("Remarks"),
        max_length=longest("remarks"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "cols": 40}),
    )

    fieldsets: ClassVar = [(None, {"fields": ["remarks"]})]

    def change(self) -> Change:
        """Returns the change for the engine. Call it on a valid form only."""
        values = self.cleaned_data
        return Change(details={"remarks": values["remarks"]}, version=values["version"])


def _start_field(venue: Venue) -> forms.Field:
    if modes.sells_nights(venue):
        opens = f"from {venue.policy.check_in_time:%H:%M}"
        return time_field(venue, label="Arrival", help_text=opens)
    return time_field(venue, label="Starts")


def _end_field(venue: Venue, *, is_required: bool = False) -> forms.Field:
    usual = venue.policy.default_length
    if modes.sells_nights(venue):
        until = f"until {venue.policy.check_out_time:%H:%M}"
        required = is_required or usual is None
        return time_field(venue, label="Departure", help_text=until, required=required)
    usual = usual or venue.policy.slot_length
    required = is_required or usual is None
    note = "" if is_required or usual is None else f"empty for {_usual(usual)}"
    return time_field(venue, label="Ends", help_text=note, required=required)


def _usual(length: timedelta) -> str:
    return f"the usual {wording.duration(length)}"
