"""The forms of the guests' pages. They check shapes; the engine checks its rules."""

from datetime import date, datetime, time
from typing import Any

import phonenumbers
from django import forms
from django.utils.translation import gettext_lazy as _

from guests.errors import ContactInvalid
from guests.form_fields import (
    AgesField,
    UncutField,
    email_field,
    name_field,
    phone_field,
    text_field,
)
from guests.models import User
from reservations.models import Reservation
from reservations.requests import Contact
from reservations.rules import parties
from reservations.rules.guest_fields import CONTACT, EXTRAS, longest
from spelling import search_text, texts
from venues import kinds
from venues.hours import showings
from venues.models import Venue
from web import price_lines
from web.selection import DayField, GuestsField

APART = ("vehicle_plate",)
"""Extra fields that are always shown. The others are folded away."""


def _text(name: str, label: Any) -> forms.CharField:
    return text_field(
        label=label,
        required=False,
        max_length=longest(name),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


def _name(label: Any, autocomplete: str) -> forms.CharField:
    return name_field(label=label, widget=forms.TextInput(attrs={"autocomplete": autocomplete}))


class SearchForm(forms.Form):
    """Searches venues. Every field is optional."""

    q = UncutField(
        label=_("Name or address"),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    kind = forms.ChoiceField(
        label=_("Kind"),
        required=False,
        choices=lambda: [("", _("Any kind")), *kinds.choices()],
    )
    city = UncutField(
        label=_("City"),
        max_length=80,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "address-level2"}),
    )
    date = DayField(label=_("Date or arrival"), required=False)
    until = DayField(label=_("Departure"), required=False, help_text=_("For hotels."))
    guests = GuestsField(label=_("Guests"), required=False)

    def clean(self) -> dict[str, Any]:
        """Leaves out a departure that is not after the arrival, and says so."""
        given: dict[str, Any] = super().clean() or {}
        arrive, leave = given.get("date"), given.get("until")
        if leave and (not arrive or leave <= arrive):
            self.add_error("until", _("Give a departure after the arrival."))
        return given


class NightsForm(forms.Form):
    """The nights of a stay, typed or chosen in the calendar."""

    check_in = DayField(label=_("Arrive"), required=False)
    check_out = DayField(label=_("Leave"), required=False)
    guests = GuestsField(label=_("Guests"), required=False, initial=1)


class DayForm(forms.Form):
    """The day whose times or slots the page shows."""

    date = DayField(label=_("Date"), required=False)
    guests = GuestsField(label=_("Guests"), required=False, initial=1)


class RangeForm(forms.Form):
    """A range of local dates and times."""

    from_date = DayField(label=_("From"), required=False)
    from_time = forms.TimeField(
        label=_("Time"), required=False, widget=forms.TimeInput(attrs={"type": "time"})
    )
    until_date = DayField(label=_("Until"), required=False)
    until_time = forms.TimeField(
        label=_("Time"), required=False, widget=forms.TimeInput(attrs={"type": "time"})
    )
    guests = GuestsField(label=_("Guests"), required=False, initial=1)

    def instants(self, end: str, venue: Venue) -> list[datetime]:
        """Returns the instants of `from` or `until`: two if clocks show that time twice, else one.

        [] if the field is empty, or if clocks skip that time, which also adds an error.
        """
        day, clock = self.cleaned_data.get(f"{end}_date"), self.cleaned_data.get(f"{end}_time")
        return shown(self, f"{end}_time", day, clock, venue)


def shown(
    form: forms.Form, name: str, day: date | None, clock: time | None, venue: Venue
) -> list[datetime]:
    """Returns the instants at which the venue's clocks show this time, earliest first.

    [] without date or time. If clocks skip the time, adds an error to the field `name` and returns
    [].
    """
    if day is None or clock is None:
        return []
    found = showings(day, clock, venue.zone)
    if not found:
        form.add_error(name, _("The clocks skip this time on that day. Choose another."))
    return found


class ContactForm(forms.Form):
    """Asks for the guest's contact and extras. The engine checks names and numbers."""

    first_name = _name(_("First name"), "given-name")
    last_name = _name(_("Last name"), "family-name")
    phone = phone_field(
        label=_("Phone number"),
        error_messages={"required": _("Fill in a number where we can reach you.")},
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )
    email = email_field(
        label=_("E-mail"),
        required=False,
        widget=forms.TextInput(attrs={"type": "email", "autocomplete": "email"}),
    )
    children = AgesField(
        label=_("Children's ages"),
        oldest=parties.OLDEST_CHILD,
        most=parties.MOST_CHILDREN,
        help_text=_("Such as 4, 9. Count them among the guests too."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    vehicle_plate = _text("vehicle_plate", _("Number plate"))
    occasion = _text("occasion", _("Occasion"))
    remarks = text_field(
        label=_("Remarks"),
        tidy=texts.clean_lines,
        required=False,
        max_length=longest("remarks"),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    receive_email_updates = forms.BooleanField(label=_("By e-mail"), required=False, initial=True)
    receive_phone_call = forms.BooleanField(label=_("By phone call"), required=False, initial=True)
    receive_text_notification = forms.BooleanField(label=_("By text message"), required=False)

    def __init__(self, *args: Any, venue: Venue, **options: Any) -> None:
        super().__init__(*args, **options)
        kind = kinds.named(venue.kind)
        if not kind.asks_plate:
            del self.fields["vehicle_plate"]
        if not kind.asks_occasion:
            del self.fields["occasion"]
        if not kind.asks_children:
            del self.fields["children"]
        self.fields["phone"].help_text = phone_hint(venue.phone_region)

    def clean(self) -> dict[str, Any]:
        """Says where there are more children than guests."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if len(given.get("children", ())) > given.get("guests", parties.MOST_CHILDREN):
            self.add_error("children", _("There are more children than guests."))
        return given

    def tell(self, fault: ContactInvalid) -> None:
        """Shows what the engine found wrong beside its fields."""
        for name, detail in fault.errors:
            self.add_error(name if name in self.fields else None, _(detail))

    @property
    def contact(self) -> Contact:
        """The contact for the engine. Read it on a valid form only."""
        return Contact(**{name: self.cleaned_data[name] for name in CONTACT})

    @property
    def extras(self) -> dict[str, Any]:
        """The extra texts by name, "" for those that this kind of venue does not ask."""
        return {name: str(self.cleaned_data.get(name, "")) for name in EXTRAS}

    @property
    def folded(self) -> list[forms.BoundField]:
        """The extra fields that are folded away."""
        return [self[name] for name in self.fields if name in EXTRAS and name not in APART]


class BookingForm(ContactForm):
    """All fields of a booking except its range."""

    guests = GuestsField(label=_("Guests"))
    chosen = forms.MultipleChoiceField(
        label=_("Extras"), required=False, widget=forms.CheckboxSelectMultiple
    )
    quote = forms.CharField(required=False, max_length=1000, widget=forms.HiddenInput)
    price_shown = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    more = forms.BooleanField(required=False, widget=forms.HiddenInput)
    """True to hold the same once more."""
    once = forms.RegexField(r"^[A-Za-z0-9_-]{16,64}$", widget=forms.HiddenInput)

    def __init__(self, *args: Any, venue: Venue, **options: Any) -> None:
        super().__init__(*args, venue=venue, **options)
        offered = price_lines.choices(venue)
        self.fields["chosen"].choices = offered  # type: ignore[attr-defined]
        if not offered:
            del self.fields["chosen"]

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the extras that are ticked; () while the field has a fault."""
        return tuple(self._said("chosen"))

    @property
    def ages(self) -> tuple[int, ...]:
        """The ages of the children; () while the field has a fault."""
        return tuple(self._said("children"))

    def _said(self, name: str) -> Any:
        if name not in self.fields:
            return ()
        if self.is_bound:
            # It judges what was typed, once.
            self.is_valid()
            return self.cleaned_data.get(name) or ()
        try:
            return self.fields[name].clean(self.initial.get(name)) or ()
        except forms.ValidationError:
            return ()


class FindForm(forms.Form):
    """Asks for the code and phone number that prove a reservation."""

    code = UncutField(
        label=_("Reservation code"),
        max_length=40,
        help_text=_("Ten letters and digits, in your confirmation."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )
    phone = phone_field(
        label=_("Phone number"),
        help_text=_("The number you gave when you booked."),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )

    def clean_code(self) -> str:
        """Returns the letters and digits of the code, in capitals."""
        return search_text.code(self.cleaned_data["code"])


def extras_of(row: Reservation) -> list[tuple[Any, str]]:
    """Returns the extra texts of a reservation with their labels, in the form's order. [] without
    any.
    """
    said = {name: str(getattr(row, name)) for name in EXTRAS}
    fields = ContactForm.base_fields.items()
    return [(field.label, said[name]) for name, field in fields if said.get(name)]


def contact_of(known: User | Reservation | None) -> dict[str, Any]:
    """Returns the initial values of a form from a profile or a reservation. {} for None."""
    return {name: getattr(known, name) for name in CONTACT} if known else {}


def phone_hint(region: str) -> Any:
    """Returns an example of a number of the region, and what to do with one from abroad."""
    example = phonenumbers.example_number(region)
    if example is None:
        return _("Begin with + and the country code.")
    national = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.NATIONAL)
    told = _("Such as %(number)s (%(region)s); begin with + and the country code from elsewhere.")
    return told % {"number": national, "region": region}
