"""The forms of reservations: from what a clerk types to a booking or a change for the engine."""

import uuid
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext as now_said
from django.utils.translation import gettext_lazy as _

from desk import phrases
from desk.fields import UnitField, time_field
from desk.reservations import money_fields
from guests.errors import ContactInvalid, GuestError
from guests.form_fields import AgesField, email_field, name_field, phone_field, text_field
from reservations.errors import Invalid, Refusal
from reservations.lifecycle import modifications
from reservations.models import Reservation
from reservations.requests import Booking, Change, Contact, Times
from reservations.rules import modes, parties
from reservations.rules.guest_fields import (
    CONTACT,
    DETAILS,
    EXTRAS,
    LABELS,
    LARGEST_PARTY,
    longest,
    stored_text,
)
from reservations.status import Status
from spelling import texts
from venues import kinds, wording
from venues.hours import Window
from venues.models import Policy, Venue

LONGEST_LINE = 80
"""Characters. Longer texts get a field of several lines."""

_BESIDE = {
    "too_soon": "start", "too_far": "start", "closed": "start", "not_offered": "start",
    "taken": "start", "held_by_other": "start", "too_short": "end", "too_long": "end",
    "party_too_large": "guest_count", "no_choice": "resource", "fee_applies": "late_fee",
}  # fmt: skip
"""The field beside which a refusal appears. `start` and `end` depend on the venue's mode."""


class ReservationForm(forms.Form):
    """The fields that a new reservation and a change share."""

    guest_count = forms.IntegerField(
        label=_("Guests"), min_value=1, max_value=LARGEST_PARTY, initial=1
    )
    children = AgesField(
        label=_("Children's ages"),
        oldest=parties.OLDEST_CHILD,
        most=parties.MOST_CHILDREN,
        help_text=_("such as 4, 9; they are among the guests"),
    )
    first_name = name_field(label=_("First name"))
    last_name = name_field(label=_("Last name"))
    phone = phone_field(
        label=_("Phone"),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
    )
    email = email_field(label=_("E-mail"), required=False, widget=forms.EmailInput)
    receive_email_updates = forms.BooleanField(
        label=_("Receive e-mail updates"), required=False, initial=True
    )
    receive_phone_call = forms.BooleanField(
        label=_("Receive phone calls"), required=False, initial=True
    )
    receive_text_notification = forms.BooleanField(label=_("Receive text messages"), required=False)
    language = forms.ChoiceField(
        label=_("Language of letters"),
        required=False,
        choices=[("", _("as the venue writes")), *settings.LANGUAGES],
    )
    override_reason = text_field(
        label=_("Reason to override"),
        max_length=200,
        required=False,
        help_text=_("sets the venue's policy and hours aside for this one, and is recorded"),
    )

    def __init__(self, *args: Any, venue: Venue, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.update({name: _extra_field(name) for name in EXTRAS})
        if not kinds.named(venue.kind).asks_children:
            del self.fields["children"]
        self.venue = venue
        self.start, self.end = modes.field_names(venue)
        told = now_said("national numbers are read for %(region)s")
        self.fields["phone"].help_text = told % {"region": venue.phone_region}

    def clean(self) -> dict[str, Any]:
        """Says where there are more children than guests."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if len(given.get("children", ())) > given.get("guest_count", parties.MOST_CHILDREN):
            self.add_error("children", _("There are more children than guests."))
        return given

    @property
    def fieldsets(self) -> list[tuple[str | None, dict[str, Any]]]:
        """The fields in their order, by section."""
        party = [name for name in ("guest_count", "children") if name in self.fields]
        place = [name for name in ("category", "resource") if name in self.fields]
        title = now_said("When, on the clocks of %(venue)s (%(zone)s)") % {
            "venue": self.venue.name,
            "zone": self.venue.time_zone,
        }
        return [
            (title, {"fields": [self.start, self.end]}),
            (now_said("Where"), {"fields": [*party, *place]}),
            (now_said("Who"), {"fields": [*CONTACT, "language"]}),
            (now_said("More"), {"fields": [*EXTRAS]}),
            (now_said("Policy"), {"fields": ["override_reason"]}),
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
            self.venue.categories.all(),
            label=_("Category"),
            required=False,
            empty_label=any_category,
        )
        units = self.venue.resources.filter(retired_at=None).select_related("category")
        self.fields["resource"] = UnitField(
            units, label=_("Unit"), required=False, empty_label=any_unit, help_text=unit_help
        )


class HoldForm(ReservationForm):
    """A new reservation."""

    # If the form is sent twice, it makes one reservation.
    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_given = self.venue.policy.unit_choice == Policy.UnitChoice.VENUE
        self._add_places(
            any_category=now_said("any that fits, the cheapest first"),
            any_unit=now_said("any that is free"),
            unit_help=now_said("given out by the venue: choosing one needs a reason to override")
            if is_given
            else now_said("choosing one fixes it, whatever the category above says"),
        )
        self.fields[self.start] = start_field(self.venue)
        self.fields[self.end] = end_field(self.venue)
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
            None,
            _("This form made a reservation already. Send it again to make another one."),
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
            children=values.get("children", ()),
            category=category.code if category else None,
            resource=unit.pk if unit else None,
            **{name: values.get(name, "") for name in EXTRAS},
            language=values["language"],
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
            any_category=now_said("as it is: %s") % reservation.category,
            any_unit=now_said("as it is, or any that is free"),
            unit_help=now_said("choosing one fixes it"),
        )
        self.fields.update(money_fields.fields())
        self.fields[self.start] = start_field(venue)
        self.fields[self.end] = end_field(venue, is_required=True)
        if reservation.status_at(now) is Status.PRESENT:
            self.fields[self.start].disabled = True
            self.fields[self.start].help_text = now_said(
                "the guest is here: only the end can change"
            )
        if modifications.may_correct_details(reservation, now):
            # It is over: contact and remarks can be put right, nothing else.
            for name in (self.start, self.end, "guest_count", "category", "resource"):
                self.fields[name].disabled = True
        self.initial.update(self._as_it_is())

    @property
    def fieldsets(self) -> list[tuple[str | None, dict[str, Any]]]:
        """The fields in their order, by section."""
        money = (str(money_fields.TITLE), {"fields": [*money_fields.NAMES]})
        return [*super().fieldsets, money]

    def change(self) -> Change | None:
        """Returns the change for the engine, or None if the clerk touched no field."""
        values, touched = self.cleaned_data, set(self.changed_data)
        if not values["language"]:
            # A reservation of before may have none; nobody takes one away.
            touched.discard("language")
        details = {name: values[name] for name in DETAILS if name in touched}
        category, unit = values["category"], values["resource"]
        if not touched - {"version", "override_reason", "late_fee", "reason"}:
            return None
        return Change(
            times=self._times(touched),
            category=category.code if category else None,
            resource=unit.pk if unit else None,
            guest_count=values["guest_count"] if touched & {"guest_count", "children"} else None,
            children=values["children"] if "children" in touched else None,
            language=values["language"] if "language" in touched else None,
            details=details,
            version=values["version"],
            override_reason=values["override_reason"],
            **money_fields.words_of(values),
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
            "children": tuple(parties.children_of(row)),
            "language": row.language or "",
            "version": row.version,
            **{name: getattr(row, name) for name in DETAILS},
        }


def _extra_field(name: str) -> forms.CharField:
    """A field for an extra text of the guest: several lines if there is room for a sentence."""
    has_lines = longest(name) > LONGEST_LINE
    widget = forms.Textarea(attrs={"rows": 3, "cols": 40}) if has_lines else forms.TextInput()
    return text_field(
        label=LABELS[name],
        max_length=longest(name),
        required=False,
        widget=widget,
        tidy=partial(stored_text, name),
    )


class NoteForm(forms.Form):
    """The remarks of a reservation."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    remarks = text_field(
        label=_("Remarks"),
        tidy=texts.clean_lines,
        max_length=longest("remarks"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "cols": 40}),
    )

    fieldsets: ClassVar = [(None, {"fields": ["remarks"]})]

    def change(self) -> Change:
        """Returns the change for the engine. Call it on a valid form only."""
        values = self.cleaned_data
        return Change(details={"remarks": values["remarks"]}, version=values["version"])


def start_field(venue: Venue) -> forms.Field:
    """Returns the field for the start of a reservation."""
    if modes.sells_nights(venue):
        opens = now_said("from %s") % f"{venue.policy.check_in_time:%H:%M}"
        return time_field(venue, label=_("Arrival"), help_text=opens)
    return time_field(venue, label=_("Starts"))


def end_field(venue: Venue, *, is_required: bool = False) -> forms.Field:
    """Returns the field for its end, which may be empty where a length is usual."""
    usual = venue.policy.default_length
    if modes.sells_nights(venue):
        until = now_said("until %s") % f"{venue.policy.check_out_time:%H:%M}"
        required = is_required or usual is None
        return time_field(venue, label=_("Departure"), help_text=until, required=required)
    usual = usual or venue.policy.slot_length
    required = is_required or usual is None
    note = "" if is_required or usual is None else _usual(usual)
    return time_field(venue, label=_("Ends"), help_text=note, required=required)


def _usual(length: timedelta) -> str:
    return now_said("empty for the usual %s") % wording.duration(length)
