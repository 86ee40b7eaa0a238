"""The page on which an administrator erases a person who asked for it."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from desk import phrases, viewed
from desk.context import caller_of, page
from desk.scoping import is_administrator
from guests import emails, phones
from guests.errors import ContactInvalid, LastAdministrator
from guests.form_fields import UncutField
from reservations.errors import OpenStay
from reservations.models import Reservation
from reservations.privacy import erasure, subjects
from reservations.privacy.access_log import SEARCH
from reservations.privacy.subjects import DataSubject

MOST_SHOWN = 100


class PersonForm(forms.Form):
    """Who is to be erased: an e-mail address, a phone number or both."""

    use_required_attribute = False

    email = UncutField(
        label=gettext_lazy("E-mail address"), max_length=emails.LONGEST, required=False
    )
    phone = UncutField(
        label=gettext_lazy("Phone number"), max_length=phones.LONGEST_INPUT, required=False
    )

    def clean(self) -> dict[str, Any]:
        given = {name: str(text).strip() for name, text in self.cleaned_data.items()}
        try:
            if given.get("email"):
                given["email"] = emails.parse(given["email"])
            if given.get("phone"):
                given["phone"] = phones.parse(given["phone"], settings.DEFAULT_PHONE_REGION)
        except ContactInvalid as fault:
            for field, detail in fault.errors:
                self.add_error(field, detail)
        if not any(given.values()):
            raise forms.ValidationError(_("Give an e-mail address, a phone number or both."))
        return given

    def subject(self) -> DataSubject:
        """Returns the person that these find."""
        return subjects.search(email=self.cleaned_data["email"], phone=self.cleaned_data["phone"])


@never_cache
@require_http_methods(["GET", "POST"])
def erase(request: HttpRequest) -> HttpResponse:
    """Asks who, shows what would be erased, then erases it. Administrators only."""
    by = caller_of(request)
    if not is_administrator(request):
        raise PermissionDenied
    form = PersonForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _page(request, form)
    subject = form.subject()
    if request.POST.get("sure") != "on":
        return _preview(request, form, subject)
    try:
        counts = erasure.erase(subject, by=by)
    except (OpenStay, LastAdministrator) as refusal:
        form.add_error(None, refusal.detail)
        return _preview(request, form, subject)
    return _page(request, PersonForm(), done=_lines(counts))


def _preview(request: HttpRequest, form: PersonForm, subject: DataSubject) -> HttpResponse:
    rows = subject.reservations().select_related("venue").order_by("-starts_at")[:MOST_SHOWN]
    shown = list(rows)
    viewed.reservations(request, "desk:erase", SEARCH, shown)
    viewed.people(request, "desk:erase", SEARCH, subject.user_ids)
    return _page(
        request,
        form,
        counts=_lines(erasure.preview(subject)),
        rows=[(row, _span(row)) for row in shown],
        accounts=subject.accounts(),
    )


def _page(request: HttpRequest, form: PersonForm, **context: Any) -> HttpResponse:
    return page(request, "erase", title=_("Erase a person"), form=form, **context)


def _span(row: Reservation) -> str:
    return phrases.span(row.starts_at, row.ends_at, row.venue.zone)


def _lines(counts: Any) -> list[tuple[str, int]]:
    return [(str(COUNTED.get(name, name)), count) for name, count in counts.items()]


COUNTED = {
    "reservations": gettext_lazy("Reservations"),
    "events": gettext_lazy("Events of reservations"),
    "stored answers": gettext_lazy("Stored answers"),
    "accounts": gettext_lazy("Accounts"),
    "entries of the admin's log": gettext_lazy("Entries of the admin's log"),
    "addresses": gettext_lazy("E-mail addresses of accounts"),
    "sign-in providers": gettext_lazy("Sign-in providers"),
    "client entries": gettext_lazy("Client entries"),
    "favourites": gettext_lazy("Favourites"),
    "reviews": gettext_lazy("Reviews"),
    "log-ins": gettext_lazy("Log-ins"),
    "links to data": gettext_lazy("Links to one's own data"),
    "browsers": gettext_lazy("Browser sessions"),
    "deliveries": gettext_lazy("Letters and texts to the person"),
    "exports": gettext_lazy("Files that were asked for"),
    "letters in files": gettext_lazy("Letters kept as files"),
}
"""What the tables that `erasure.erase` counts are called."""
