"""Shows, exports and erases the data of people who prove an address or a number, not an account.

The proof is a link sent to the address, or the code of a reservation with its phone number. A
browser is believed for PROVEN_FOR.
"""

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
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from guests import audit, emails, rate_counters
from guests.addresses import address_of
from guests.callers import Caller
from guests.credentials import letters
from guests.errors import ContactInvalid, LastAdministrator
from guests.rates import Allowance
from reservations import clock
from reservations.errors import OpenStay
from reservations.models import Reservation
from reservations.privacy import data_export, data_links, erasure, subjects
from reservations.privacy.subjects import DataSubject
from web.account.forms import DataLinkForm, ErasureForm
from web.forms import FindForm
from web.reservations import find

PROVEN_FOR = timedelta(minutes=30)
_KEY = "data_proof"
_BY_GUEST = Caller(kind="guest", name="guest")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Asks for the proof: an address to send a link to, or code and phone number."""
    link_form, find_form = DataLinkForm(), FindForm()
    if request.method != "POST":
        return _ask(request, link_form, find_form)
    if "code" in request.POST:
        find_form = FindForm(request.POST)
        row, allowance = find.prove(request, find_form)
        if row is not None:
            return _proven(request, {"reservation": row.pk})
        return _refused(request, link_form, find_form, allowance)
    link_form = DataLinkForm(request.POST)
    if not link_form.is_valid():
        return _ask(request, link_form, find_form, status=422)
    return _send(request, link_form, find_form)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def link(request: HttpRequest, secret: str) -> HttpResponse:
    """Shows a button that uses a link up. Opening the page changes nothing."""
    if request.method == "POST":
        email = data_links.use(secret)
        if email is not None:
            return _proven(request, {"email": email})
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


def _send(request: HttpRequest, link_form: DataLinkForm, find_form: FindForm) -> HttpResponse:
    """Sends a link if anything is held. The answer is the same if nothing is."""
    try:
        email = emails.parse(link_form.cleaned_data["email"])
    except ContactInvalid as fault:
        link_form.tell(fault.errors)
        return _ask(request, link_form, find_form, status=422)
    if spent := _spent(request, email):
        audit.note("limit.reached", by="nobody", place=address_of(request), why="links")
        told = _("Too many links were asked for. Try again in %(seconds)s seconds.")
        link_form.tell([("", told % {"seconds": spent.retry_after})])
        return _refused(request, link_form, find_form, spent)
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


def _spent(request: HttpRequest, email: str) -> Allowance | None:
    """Counts one more link, by address and by network. Returns what is overdrawn."""
    count, _slash, period = settings.DATA_LINK_RATE.partition("/")
    by_place = f"{int(count) * 10}/{period}"
    place = rate_counters.name("data link", "place", address_of(request))
    address = rate_counters.name("data link", "email", email)
    counted = [
        rate_counters.count(place, by_place),
        rate_counters.count(address, settings.DATA_LINK_RATE),
    ]
    return next((left for left in counted if left.is_overdrawn), None)


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
    if "email" in proof:
        return subjects.of_email(proof["email"])
    row = Reservation.objects.filter(pk=proof["reservation"]).first()
    return subjects.of_reservation(row) if row is not None else None


def _again(request: HttpRequest) -> HttpResponse:
    messages.info(request, _("Show first that it is your data."))
    return redirect("web:data")


def _refused(
    request: HttpRequest, link_form: DataLinkForm, find_form: FindForm, spent: Allowance | None
) -> HttpResponse:
    answer = _ask(request, link_form, find_form, status=422 if spent is None else 429)
    if spent is not None:
        answer["Retry-After"] = str(spent.retry_after)
    return answer


def _ask(
    request: HttpRequest, link_form: DataLinkForm, find_form: FindForm, *, status: int = 200
) -> HttpResponse:
    form = link_form if link_form.is_bound else find_form
    context = {"link_form": link_form, "find_form": find_form, "form": form}
    return render(request, "web/account/data.html", context, status=status)
