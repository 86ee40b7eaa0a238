"""The forms of an account. The verbs check the values; these forms only check that
they are there.
"""

from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from guests.errors import TooMany
from guests.form_fields import email_field, name_field, phone_field
from guests.models import User
from web.forms import phone_hint


def _name(label: Any, autocomplete: str) -> forms.CharField:
    return name_field(label=label, widget=forms.TextInput(attrs={"autocomplete": autocomplete}))


def _email(label: Any, hint: Any = "", autocomplete: str = "username") -> forms.CharField:
    return email_field(
        label=label,
        help_text=hint,
        widget=forms.EmailInput(attrs={"autocomplete": autocomplete}),
        error_messages={"required": _("Fill this in.")},
    )


def _phone() -> forms.CharField:
    return phone_field(
        label=_("Phone number"),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
        error_messages={"required": _("Fill this in.")},
    )


def evening_field() -> forms.TimeField:
    """Returns the field for the time of the evening word, which may stay empty."""
    return forms.TimeField(
        label=_("Evening word"),
        required=False,
        help_text=_(
            "We write at this time when you have not parked for a while, or a lot has opened. "
            "Leave it empty to hear nothing."
        ),
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        error_messages={"invalid": _("Write the time as 18:30.")},
    )


class Told(forms.Form):
    """A form that shows the refusals of a verb beside their fields."""

    use_required_attribute = False

    def read_phone_in(self, region: str) -> None:
        """Says beside the phone number in which country a national one is read."""
        self.fields["phone"].help_text = phone_hint(region)

    def tell(self, faults: Iterable[tuple[str, str]]) -> None:
        """Adds refusals, as pairs of field and sentence. Unknown fields go to the top
        of the form.
        """
        for field, detail in faults:
            self.add_error(field if field in self.fields else None, detail)


class SignUpForm(Told):
    first_name = _name(_("First name"), "given-name")
    last_name = _name(_("Last name"), "family-name")
    email = _email(_("E-mail address"), _("You log in with it."))
    phone = _phone()
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=1024,
        help_text=_("At least 8 characters; three words that do not go together are good."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        error_messages={"required": _("Fill this in.")},
    )
    evening_at = evening_field()


def _current_password() -> forms.CharField:
    return forms.CharField(
        label=_("Your current password"),
        strip=False,
        max_length=1024,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": _("Fill this in.")},
    )


def _new_password(label: Any, hint: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        strip=False,
        max_length=1024,
        help_text=hint,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        error_messages={"required": _("Fill this in.")},
    )


class ConfirmedForm(Told):
    """A form that asks for the current password, in the field that `current` names."""

    current = "password"
    refusal: TooMany | None = None
    """The limit of wrong passwords, where it is reached."""


class NewPasswordForm(ConfirmedForm):
    current = "oldpassword"
    oldpassword = _current_password()
    password1 = _new_password(
        _("New password"),
        _("At least 8 characters; three words that do not go together are good."),
    )
    password2 = _new_password(_("New password, once more"))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password1(self) -> str:
        password: str = self.cleaned_data["password1"]
        validate_password(password, self.user)
        return password

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if "password1" in given and given["password1"] != given.get("password2"):
            self.add_error("password2", _("The two passwords differ."))
        return given


class AddressForm(ConfirmedForm):
    email = _email(
        _("New e-mail address"),
        _("You log in with it. Your old address gets a letter about this."),
    )
    password = _current_password()


class ProviderForm(ConfirmedForm):
    """`act` is `connect` with a provider, or `disconnect` with the number of a connection."""

    act = forms.ChoiceField(widget=forms.HiddenInput)
    password = _current_password()

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["act"]).choices = choices


class ResetForm(Told):
    email = _email(_("E-mail address"))


class ProfileForm(Told):
    first_name = _name(_("First name"), "given-name")
    last_name = _name(_("Last name"), "family-name")
    phone = _phone()
    receive_email_updates = forms.BooleanField(label=_("Send me updates by e-mail"), required=False)
    receive_phone_call = forms.BooleanField(label=_("You may phone me"), required=False)
    receive_text_notification = forms.BooleanField(label=_("Send me text messages"), required=False)


class ReviewForm(Told):
    stars = forms.TypedChoiceField(
        label=_("How many stars?"),
        coerce=int,
        choices=[
            (5, _("5 stars: excellent")),
            (4, _("4 stars: good")),
            (3, _("3 stars: all right")),
            (2, _("2 stars: poor")),
            (1, _("1 star: bad")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose how many stars.")},
    )
    text = forms.CharField(
        label=_("What was it like?"),
        required=False,
        help_text=_("Shown to everybody, with your first name. At most 1,000 characters."),
        widget=forms.Textarea(attrs={"rows": 5}),
    )


class DataLinkForm(Told):
    """Asks where a link to one's own data is to be sent."""

    email = _email(
        _("E-mail address"), _("The one you booked with. We send a link to it."), "email"
    )


class PhoneLinkForm(Told):
    """Asks to which number a link to one's own data is to be sent."""

    number = phone_field(
        label=_("Phone number"),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
        error_messages={"required": _("Fill this in.")},
    )

    def __init__(self, *args: Any, region: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["number"].help_text = phone_hint(region)


class ErasureForm(Told):
    sure = forms.BooleanField(
        label=_("Yes, erase all that you hold about me"),
        error_messages={"required": _("Tick this if you are sure.")},
    )
