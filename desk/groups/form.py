"""The form of a new group: one range, who books, and a line for each room or table."""

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext as now_said
from django.utils.translation import gettext_lazy as _

from desk import phrases
from desk.fields import UnitField
from desk.reservations.forms import end_field, start_field
from guests.accounts import LONGEST_NAME
from guests.errors import ContactInvalid, GuestError
from guests.form_fields import UncutField, email_field, name_field, phone_field, text_field
from reservations.errors import Invalid, Refusal
from reservations.requests import LARGEST_GROUP, Booking, Contact, Times
from reservations.rules import modes
from reservations.rules.guest_fields import LARGEST_PARTY, longest
from reservations.rules.permissions import LONGEST_REASON
from venues.models import Policy, Venue

LINES = 3
"""Lines that the form begins with."""

MORE_LINES = 3
"""Lines that one press adds."""

_BOOKED_BY = 60
"""Characters kept free in the remarks for the words that name the booker."""

_OF_LINE = ("guest_count", "category", "resource", "first_name", "last_name")


_BESIDE = {
    "too_soon": "start", "too_far": "start", "closed": "start", "not_offered": "start",
    "too_short": "end", "too_long": "end", "party_too_large": "guest_count",
    "no_choice": "resource", "taken": "resource", "held_by_other": "resource",
}  # fmt: skip
"""The field beside which a refusal appears; of a line, that of the line that was refused."""


class GroupForm(forms.Form):
    """Asks for several reservations of one range. A line without guests is left out."""

    # If the form is sent twice, it makes one group.
    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    lines = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=LARGEST_GROUP)
    first_name = name_field(label=_("First name"), max_length=LONGEST_NAME)
    last_name = name_field(label=_("Last name"), max_length=LONGEST_NAME)
    phone = phone_field(
        label=_("Phone"), widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"})
    )
    email = email_field(label=_("E-mail"), required=False, widget=forms.EmailInput)
    remarks = text_field(
        label=_("Remarks"),
        max_length=longest("remarks") - _BOOKED_BY,
        required=False,
        help_text=_("kept with each of the reservations"),
    )
    override_reason = text_field(
        label=_("Reason to override"),
        max_length=LONGEST_REASON,
        required=False,
        help_text=_("sets the venue's policy and hours aside for this one, and is recorded"),
    )

    def __init__(self, *args: Any, venue: Venue, lines: int = LINES, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.venue = venue
        self.count = min(max(1, lines), LARGEST_GROUP)
        self.initial["lines"] = self.count
        self.start, self.end = modes.field_names(venue)
        self.fields[self.start] = start_field(venue)
        self.fields[self.end] = end_field(venue)
        told = now_said("national numbers are read for %(region)s")
        self.fields["phone"].help_text = told % {"region": venue.phone_region}
        for number in range(self.count):
            self._add_line(number)

    @property
    def fieldsets(self) -> list[tuple[str | None, dict[str, Any]]]:
        """The fields in their order, by section; each line of the group is one row."""
        when = now_said("When, on the clocks of %(venue)s (%(zone)s)")
        told = {"venue": self.venue.name, "zone": self.venue.time_zone}
        lines = [tuple(f"{name}_{number}" for name in _OF_LINE) for number in range(self.count)]
        help_text = now_said(
            "One line for each. A line without guests is left out. Without a name of its own it"
            " gets the name of who books."
        )
        return [
            (when % told, {"fields": [self.start, self.end]}),
            (
                now_said("Who books"),
                {"fields": [("first_name", "last_name"), "phone", "email"]},
            ),
            (
                now_said("What they book"),
                {"fields": lines, "description": help_text, "classes": ["group-lines"]},
            ),
            (now_said("More"), {"fields": ["remarks", "override_reason"]}),
        ]

    @property
    def may_grow(self) -> bool:
        """Says whether more lines can be added."""
        return self.count < LARGEST_GROUP

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        for number in range(self.count):
            count = f"guest_count_{number}"
            is_begun = any(values.get(f"{name}_{number}") for name in _OF_LINE[1:])
            if is_begun and not values.get(count) and count not in self.errors:
                self.add_error(count, _("Say how many guests, or empty this line."))
        if not self.errors and not self.wanted():
            self.add_error("guest_count_0", _("Fill in at least one line."))
        return values

    def bookings(self) -> list[Booking]:
        """Returns the bookings for the engine. Call it on a valid form only."""
        return [self._booking(number) for number in self.wanted()]

    def refuse(self, fault: Refusal | GuestError) -> None:
        """Shows a refusal beside its field, or at the top if it has none here."""
        if isinstance(fault, ContactInvalid):
            for name, sentence in fault.errors:
                self.add_error(name if name in self.fields else None, sentence)
            return
        name = fault.field if isinstance(fault, Invalid) else _BESIDE.get(fault.code, "")
        if isinstance(fault, Refusal) and fault.number is not None and name in _OF_LINE:
            name = f"{name}_{self.wanted()[fault.number]}"
        name = {"start": self.start, "end": self.end}.get(name, name)
        told = phrases.refusal(fault, self.venue.zone)
        self.add_error(name if name in self.fields else None, told)

    def _add_line(self, number: int) -> None:
        where = format_lazy("{} {}", _("Line"), number + 1)
        units = self.venue.resources.filter(retired_at=None).select_related("category")
        is_given = self.venue.policy.unit_choice == Policy.UnitChoice.VENUE
        fields: dict[str, forms.Field] = {
            "guest_count": forms.IntegerField(
                label=_("Guests"), min_value=1, max_value=LARGEST_PARTY, required=False
            ),
            "category": forms.ModelChoiceField(
                self.venue.categories.all(),
                label=_("Category"),
                required=False,
                empty_label=_("any that fits, the cheapest first"),
            ),
            "resource": UnitField(
                units, label=_("Unit"), required=False, empty_label=_("any that is free")
            ),
            "first_name": _line_name(_("First name")),
            "last_name": _line_name(_("Last name")),
        }
        if is_given:
            fields["resource"].help_text = _("choosing one needs a reason to override")
        for name, one in fields.items():
            one.widget.attrs["aria-label"] = format_lazy("{}: {}", where, one.label)
            self.fields[f"{name}_{number}"] = one

    def wanted(self) -> Sequence[int]:
        """Returns the numbers of the lines that are filled in. Call it on a valid form only."""
        values = self.cleaned_data
        return [number for number in range(self.count) if values.get(f"guest_count_{number}")]

    def _booking(self, number: int) -> Booking:
        values = self.cleaned_data
        line = {name: values[f"{name}_{number}"] for name in _OF_LINE}
        category, unit = line["category"], line["resource"]
        has_name = bool(line["first_name"] or line["last_name"])
        names = line if has_name else values
        return Booking(
            venue=self.venue.slug,
            times=Times(**{self.start: values[self.start], self.end: values[self.end]}),
            contact=Contact(
                first_name=names["first_name"] or values["first_name"],
                last_name=names["last_name"] or values["last_name"],
                phone=values["phone"],
                email=values["email"],
            ),
            guest_count=line["guest_count"],
            category=category.code if category and not unit else None,
            resource=unit.pk if unit else None,
            remarks=self._remarks(is_other=has_name),
            override_reason=values["override_reason"],
        )

    def _remarks(self, *, is_other: bool) -> str:
        """The remarks; a line of another name also says who booked it."""
        values = self.cleaned_data
        if not is_other:
            return str(values["remarks"])
        told = now_said("Booked by %(name)s.")
        booker = told % {"name": f"{values['first_name']} {values['last_name']}"}
        return f"{booker} {values['remarks']}".strip()


def _line_name(label: Any) -> forms.Field:
    return UncutField(label=label, max_length=LONGEST_NAME, required=False)
