"""The forms of the guests' pages. They check shapes; the engine checks its rules."""

from datetime import date, datetime, time
from typing import Any

import phonenumbers
from django import forms
from django.utils.translation import gettext_lazy as _

from guests.errors import ContactInvalid
from guests.models import User
from guests.phones import LONGEST_INPUT
from reservations.models import Reservation
from reservations.requests import Contact
from reservations.rules.guest_fields import CONTACT, EXTRAS, longest
from venues import kinds
from venues.hours import showings
from venues.models import Venue
from web.selection import DayField, GuestsField

APART = ("vehicle_plate",)
"""Extra fields that are always shown. The others are folded away."""


def _text(name: str, label: Any, *, required: bool = True, **attrs: Any) -> forms.CharField:
    attrs.setdefault("autocomplete", "off")
    return forms.CharField(
        label=label,
        required=required,
        error_messages={"required": _("Fill this in.")},
        max_length=longest(name),
        widget=forms.TextInput(attrs=attrs),
    )


class SearchForm(forms.Form):
    """Searches venues. Every field is optional."""

    q = forms.CharField(
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
    city = forms.CharField(
        label=_("City"),
        max_length=80,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "address-level2"}),
    )
    date = DayField(label=_("Date"), required=False)
    guests = GuestsField(label=_("Guests"), required=False)


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

    first_name = _text("first_name", _("First name"), autocomplete="given-name")
    last_name = _text("last_name", _("Last name"), autocomplete="family-name")
    phone = forms.CharField(
        label=_("Phone number"),
        max_length=LONGEST_INPUT,
        error_messages={"required": _("Fill in a number where we can reach you.")},
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )
    email = forms.CharField(
        label=_("E-mail"),
        required=False,
        max_length=longest("email"),
        widget=forms.TextInput(attrs={"type": "email", "autocomplete": "email"}),
    )
    vehicle_plate = _text("vehicle_plate", _("Number plate"), required=False)
    occasion = _text("occasion", _("Occasion"), required=False)
    remarks = forms.CharField(
        label=_("Remarks"),
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
        self.fields["phone"].help_text = _phone_hint(venue.phone_region)

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
    quote = forms.CharField(required=False, max_length=1000, widget=forms.HiddenInput)
    price_shown = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    once = forms.RegexField(r"^[A-Za-z0-9_-]{16,64}$", widget=forms.HiddenInput)


class FindForm(forms.Form):
    """Asks for the code and phone number that prove a reservation."""

    code = forms.CharField(
        label=_("Reservation code"),
        max_length=40,
        help_text=_("Ten letters and digits, in your confirmation."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )
    phone = forms.CharField(
        label=_("Phone number"),
        max_length=LONGEST_INPUT,
        help_text=_("The number you gave when you booked."),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )

    def clean_code(self) -> str:
        """Returns the code in capitals, without spaces and dashes."""
        return "".join(self.cleaned_data["code"].split()).replace("-", "").upper()


def extras_of(row: Reservation) -> list[tuple[Any, str]]:
    """Returns the extra texts of a reservation with their labels, in the form's order. [] without
    any.
    """
    said = {name: str(getattr(row, name)) for name in EXTRAS}
    fields = ContactForm.base_fields.items()
    return [(field.label, said[name]) for name, field in fields if said.get(name)]


def of_profile(user: User | None) -> dict[str, Any]:
    """Returns the initial values of a form from a profile. {} for None."""
    if user is None:
        return {}
    return {name: getattr(user, name) for name in CONTACT}


def _phone_hint(region: str) -> Any:
    example = phonenumbers.example_number(region)
    if example is None:
        return _("Begin with + and the country code.")
    national = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.NATIONAL)
    return _("Such as %(number)s; begin with + and the country code if it is from abroad.") % {
        "number": national
    }
