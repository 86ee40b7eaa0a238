"""Forms of people that ask an administrator for their own password before a log-in is changed."""

from typing import Any

from allauth.core import context
from django import forms
from django.contrib.admin.utils import unquote
from django.contrib.auth.forms import AdminPasswordChangeForm, UserChangeForm

from guests import accounts, audit
from guests.addresses import address_of
from guests.credentials import changes, letters
from guests.emails import fold
from guests.errors import CredentialsInvalid, TooMany
from guests.models import User
from reservations.rules import languages


def your_password() -> forms.CharField:
    """The field; only a change of what somebody logs in with needs it."""
    return forms.CharField(
        label="Your password",
        required=False,
        strip=False,
        max_length=1024,
        help_text="Your own, to change an e-mail address or a password.",
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


def _fault(request: Any) -> str:
    """What is wrong with the password that an administrator sent of their own; "" for nothing."""
    given = request.POST.get("your_password", "")
    try:
        changes.confirm(request.user, given, place=address_of(request))
    except CredentialsInvalid:
        return "This is not your password."
    except TooMany as refusal:
        return refusal.detail
    return ""


def _note(act: str, person: User) -> None:
    request = context.request
    by, place = f"user:{request.user.pk}", address_of(request)
    audit.note(act, by=by, place=place, about=f"user:{person.pk}")


class ChangedPersonForm(UserChangeForm):  # type: ignore[type-arg]
    """Another e-mail address needs the password, ends all tokens, and is told to the old one."""

    your_password = your_password()

    def clean(self) -> dict[str, Any]:
        super().clean()
        self.old = self.instance.email
        self.is_moved = "email" in self.cleaned_data and self.old != fold(
            self.cleaned_data["email"]
        )
        if self.is_moved and (fault := context.request.fault):
            self.add_error("your_password", fault)
        return self.cleaned_data

    def save(self, commit: bool = True) -> User:  # noqa: FBT001, FBT002 - Django's signature
        person: User = super().save(commit)
        if self.is_moved:
            accounts.log_out_everywhere(person)
            _note("address.changed", person)
            letters.tell_changed(self.old, letters.ADDRESS, language=languages.of_user(person))
        return person


class PasswordForm(AdminPasswordChangeForm):  # type: ignore[type-arg]
    """Needs the password, and logs the person out everywhere."""

    your_password = your_password()

    def clean(self) -> dict[str, Any]:
        super().clean()
        if fault := _fault(context.request):
            self.add_error("your_password", fault)
        return self.cleaned_data

    def save(self, commit: bool = True) -> User:  # noqa: FBT001, FBT002 - Django's signature
        """Saves the password and ends all log-ins of the person."""
        person: User = super().save(commit)
        accounts.log_out_everywhere(person)
        _note("password.changed", person)
        letters.tell_changed(person.email, letters.PASSWORD, language=languages.of_user(person))
        return person


class GuardedPeople:
    """Part of the admin of people that checks the password for a new e-mail address."""

    def changeform_view(self, request: Any, object_id: Any = None, *args: Any, **kw: Any) -> Any:
        # Before the admin's transaction, which would undo the count of a wrong password.
        # None too for an address that is no id.
        known = self.get_object(request, unquote(object_id or ""))  # type: ignore[attr-defined]
        is_moved = known is not None and known.email != fold(request.POST.get("email", ""))
        request.fault = _fault(request) if request.method == "POST" and is_moved else ""
        return super().changeform_view(request, object_id, *args, **kw)  # type: ignore[misc]
