"""Shows, exports and erases the data of people who prove an address or a number, not an account.

The proof is a link sent to the address or, in a text message, to the number; or the code of a
reservation with its phone number. A browser is believed for PROVEN_FOR.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
from django.conf import settings
from django.contrib import messages
from django.core.mail import EmailMessage
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from guests import audit, emails, phones, rate_counters
from guests.addresses import address_of
from guests.callers import Caller
from guests.credentials import letters
from guests.errors import ContactInvalid, LastAdministrator
from guests.rates import Allowance
from notices import data_proofs, short_texts
from reservations import clock
from reservations.errors import OpenStay
from reservations.models import Reservation
from reservations.privacy import data_export, data_links, erasure, subjects
from reservations.privacy.subjects import DataSubject
from web.account.forms import DataLinkForm, ErasureForm, PhoneLinkForm, Told
from web.account.regions import region_of
from web.forms import FindForm
from web.reservations import find

PROVEN_FOR = timedelta(minutes=30)
_KEY = "data_proof"
_BY_GUEST = Caller(kind="guest", name="guest")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Asks for the proof: an address or number to send a link to, or code and phone number."""
    shown = _Forms(link=DataLinkForm(), number=_number_form(request), find=FindForm())
    if request.method != "POST":
        return _ask(request, shown)
    if "code" in request.POST:
        shown.find = FindForm(request.POST)
        row, allowance = find.prove(request, shown.find)
        if row is not None:
            return _proven(request, {"reservation": row.pk})
        return _refused(request, shown, allowance)
    if "number" in request.POST and shown.number is not None:
        shown.number = PhoneLinkForm(request.POST, region=region_of(request))
        return _send_text(request, shown, shown.number)
    shown.link = DataLinkForm(request.POST)
    return _send_letter(request, shown, shown.link)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def link(request: HttpRequest, secret: str) -> HttpResponse:
    """Shows a button that uses a link up. Opening the page changes nothing."""
    if request.method == "POST":
        proven = data_links.use(secret)
        if proven is not None:
            return _proven(request, proven._asdict())
    is_open = request.method != "POST" and data_links.is_open(secret)
    status = 200 if is_open else 410
    return render(request, "web/account/data_link.html", {"is_open": is_open}, status=status)


@never_cache
@require_safe
def held(request: HttpRequest) -> HttpResponse:
    """Shows what is held, with a download and the way to erase it."""
    subject = _subject(request)
    if subject is None:
        return _again(request)
    rows = subject.reservations().select_related("venue").order_by("-starts_at")
    context = {"rows": rows[:100], "count": rows.count(), "accounts": subject.accounts()}
    return render(request, "web/account/held.html", context)


@never_cache
@require_safe
def export(request: HttpRequest) -> HttpResponse:
    """Sends everything that is held as one JSON file."""
    subject = _subject(request)
    if subject is None:
        return _again(request)
    audit.note("person.exported", by="nobody", place=address_of(request))
    document = orjson.dumps(
        data_export.of_subject(subject), option=orjson.OPT_UTC_Z | orjson.OPT_INDENT_2
    )
    return HttpResponse(
        document,
        content_type="application/json",
        headers={"Content-Disposition": 'attachment; filename="holdfast-my-data.json"'},
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: HttpRequest) -> HttpResponse:
    """Explains what erasure does, and erases on POST."""
    subject = _subject(request)
    if subject is None:
        return _again(request)
    form = ErasureForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            erasure.erase(subject, by=_BY_GUEST)
        except (OpenStay, LastAdministrator) as refusal:
            form.tell([("", refusal.detail)])
        else:
            request.session.flush()
            messages.success(request, _("You are erased: nothing that names you is left here."))
            return redirect("web:home")
    return render(request, "web/account/held_erase.html", {"form": form})


@dataclass(slots=True)
class _Forms:
    """The forms of the page. `number` is None where no text message can be sent."""

    link: DataLinkForm
    number: PhoneLinkForm | None
    find: FindForm


def _number_form(request: HttpRequest) -> PhoneLinkForm | None:
    return PhoneLinkForm(region=region_of(request)) if short_texts.can_be_sent() else None


def _send_letter(request: HttpRequest, shown: _Forms, form: DataLinkForm) -> HttpResponse:
    """Sends a link if anything is held. The answer is the same if nothing is."""
    if not form.is_valid():
        return _ask(request, shown, status=422)
    try:
        email = emails.parse(form.cleaned_data["email"])
    except ContactInvalid as fault:
        form.tell(fault.errors)
        return _ask(request, shown, status=422)
    if spent := _spent(request, form, "email", email):
        return _refused(request, shown, spent)
    secret = data_links.make(email)
    if secret is not None:
        address = request.build_absolute_uri(reverse("web:data_link", args=[secret]))
        minutes = settings.DATA_LINK_LIFETIME // timedelta(minutes=1)
        text = render_to_string(
            "web/account/data_link.txt", {"address": address, "minutes": minutes}
        )
        subject = _("Your data at Holdfast")
        letters.post(EmailMessage(subject, text, settings.DEFAULT_FROM_EMAIL, [email]))
    return render(request, "web/account/data_link_sent.html")


def _send_text(request: HttpRequest, shown: _Forms, form: PhoneLinkForm) -> HttpResponse:
    """Sends a link by text message if anything is held. The answer is the same if nothing is."""
    if not form.is_valid():
        return _ask(request, shown, status=422)
    try:
        phone = phones.parse(form.cleaned_data["number"], region_of(request))
    except ContactInvalid as fault:
        form.tell([("number", detail) for _field, detail in fault.errors])
        return _ask(request, shown, status=422)
    if spent := _spent(request, form, "phone", phone):
        return _refused(request, shown, spent)
    data_proofs.ask(phone, language=get_language() or "")
    return render(request, "web/account/data_link_sent.html", {"is_text": True})


def _spent(request: HttpRequest, form: Told, kind: str, to: str) -> Allowance | None:
    """Counts one more link, by receiver and by network. Tells and returns what is overdrawn."""
    count, _slash, period = settings.DATA_LINK_RATE.partition("/")
    by_place = f"{int(count) * 10}/{period}"
    place = rate_counters.name("data link", "place", address_of(request))
    receiver = rate_counters.name("data link", kind, to)
    counted = [
        rate_counters.count(place, by_place),
        rate_counters.count(receiver, settings.DATA_LINK_RATE),
    ]
    spent = next((left for left in counted if left.is_overdrawn), None)
    if spent is not None:
        audit.note("limit.reached", by="nobody", place=address_of(request), why="links")
        told = _("Too many links were asked for. Try again in %(seconds)s seconds.")
        form.tell([("", told % {"seconds": spent.retry_after})])
    return spent


def _proven(request: HttpRequest, proof: dict[str, Any]) -> HttpResponse:
    # A session that somebody else put here beforehand proves nothing to them.
    request.session.cycle_key()
    request.session[_KEY] = {**proof, "at": clock.now().timestamp()}
    return redirect("web:held")


def _subject(request: HttpRequest) -> DataSubject | None:
    """Returns the person this browser has proven to be. None without a current proof."""
    proof: dict[str, Any] = request.session.get(_KEY, {})
    if proof.get("at", 0) <= (clock.now() - PROVEN_FOR).timestamp():
        return None
    if proof.get("email"):
        return subjects.of_email(proof["email"])
    if proof.get("phone"):
        return subjects.of_phone(proof["phone"])
    row = Reservation.objects.filter(pk=proof["reservation"]).first()
    return subjects.of_reservation(row) if row is not None else None


def _again(request: HttpRequest) -> HttpResponse:
    messages.info(request, _("Show first that it is your data."))
    return redirect("web:data")


def _refused(request: HttpRequest, shown: _Forms, spent: Allowance | None) -> HttpResponse:
    answer = _ask(request, shown, status=422 if spent is None else 429)
    if spent is not None:
        answer["Retry-After"] = str(spent.retry_after)
    return answer


def _ask(request: HttpRequest, shown: _Forms, *, status: int = 200) -> HttpResponse:
    forms = (shown.link, shown.number, shown.find)
    form = next((one for one in forms if one is not None and one.is_bound), shown.find)
    context = {
        "link_form": shown.link, "number_form": shown.number, "find_form": shown.find, "form": form,
    }  # fmt: skip
    return render(request, "web/account/data.html", context, status=status)
