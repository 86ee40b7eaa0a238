"""The pages that show, make and change a reservation.

Every change goes through the engine's verbs, each in a transaction of its own. No GET changes
anything.
"""

from collections.abc import Callable
from functools import partial

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from desk import phrases
from desk.context import (
    caller_of,
    choose_venue,
    form_page,
    id_of,
    mine,
    onward,
    own_venue,
    page,
    turned_away,
    why_not_here,
)
from desk.form_keys import once_for
from desk.money import folio, invoices
from desk.reservations import amounts, facts, occupied, unpaid
from desk.reservations.alternatives import Instead, for_booking
from desk.reservations.buttons import PRESSED, buttons_for, hint_for
from desk.reservations.forms import HoldForm, ModifyForm, NoteForm
from desk.today.just_pressed import note_press
from guests.callers import Caller
from guests.errors import GuestError
from guests.own_pages import next_of
from notices import sent
from reservations import actions, clock
from reservations.errors import KeyReused, NotFound, Occupied, PaymentRequired, Refusal
from reservations.idempotency import Repeated
from reservations.lifecycle import cancellations, modifications
from reservations.limits import one_per_day
from reservations.models import Reservation
from reservations.reports import cautions
from reservations.requests import Booking
from venues.models import Venue

LONGEST_REASON = 200
"""Characters."""

WISHED = ("resource", "category", "guest_count", "check_in", "check_out", "starts_at", "ends_at")


@require_GET
def show(request: HttpRequest, reservation_id: int) -> HttpResponse:
    """Shows a reservation and the verbs that are possible now."""
    row, now = mine(reservation_id, caller_of(request)), clock.now()
    return page(
        request,
        "reservation",
        title=_("Reservation %(code)s") % {"code": row.code},
        row=row,
        viewed=[row],
        is_shown=True,
        status=row.status_at(now).word,
        status_label=phrases.LABELS[row.status_at(now)],
        span=phrases.span(row.starts_at, row.ends_at, row.venue.zone),
        buttons=buttons_for(row, now, by=caller_of(request)),
        may_note=modifications.may(row, now) or modifications.may_correct_details(row, now),
        hint=hint_for(row, now),
        group=facts.group_of(row, now),
        cautions=cautions.of_one(row, now),
        refuses=sent.why_no_letter_arrives(row),
        sections=facts.sections(row, now),
        folio=folio.of(row, now, by=caller_of(request)),
        documents=invoices.of(row, by=caller_of(request)),
        allocations=facts.allocations(row, now),
        events=facts.events(row),
    )


@require_http_methods(["GET", "POST"])
def hold(request: HttpRequest) -> HttpResponse:
    """Asks for a new reservation and holds it."""
    by = caller_of(request)
    venue = own_venue(request, by)
    if venue is None:
        return choose_venue(request, _("New reservation"))
    form = HoldForm(request.POST or None, venue=venue, initial=_wished(request))
    instead: list[Instead] = []
    elsewhere = why_not_here(request, venue, by) if request.method == "POST" else ""
    if elsewhere:
        form.add_error(None, elsewhere)
    elif request.method == "POST" and form.is_valid():
        wish = form.booking()
        try:
            return _hold(request, form, wish, by)
        except KeyReused:
            # The clerk went back to a form that was sent, and altered it.
            form.may_be_sent_again()
        except (Refusal, GuestError) as fault:
            form.refuse(fault)
            instead = for_booking(wish, fault, by=by, venue=venue, now=clock.now())
    return form_page(
        request,
        form,
        title=_("New reservation at %(venue)s") % {"venue": venue.name},
        button=_("Reserve") if venue.policy.confirms_at_once else _("Hold"),
        instead=instead,
        is_elsewhere=bool(elsewhere),
        cell=_cell(request, venue),
    )


@require_http_methods(["GET", "POST"])
def modify(request: HttpRequest, reservation_id: int) -> HttpResponse:
    """Asks for changes of range, unit, party or details and carries them out."""
    by, now = caller_of(request), clock.now()
    row = mine(reservation_id, by)
    if not (modifications.may(row, now) or modifications.may_correct_details(row, now)):
        refused = _("%(code)s is %(status)s: it cannot be changed. (wrong_status)")
        return turned_away(request, row, refused, now)
    form = ModifyForm(request.POST or None, reservation=row, now=now)
    if request.method == "POST" and form.is_valid():
        change = form.change()
        if change is None:
            messages.info(request, _("Nothing was changed."))
            return onward(request, reservation_id)
        try:
            after = actions.modify(reservation_id=reservation_id, change=change, by=by)
        except (Refusal, GuestError) as fault:
            form.refuse(fault)
        else:
            told = _("%(code)s is changed.") % {"code": row.code}
            messages.success(request, f"{told} {amounts.asked_anew(row, after, now)}".rstrip())
            return onward(request, reservation_id)
    return form_page(
        request,
        form,
        title=_("Modify reservation %(code)s") % {"code": row.code},
        button=_("Save the change"),
        row=row,
    )


@require_http_methods(["GET", "POST"])
def note(request: HttpRequest, reservation_id: int) -> HttpResponse:
    """Changes the remarks, for the next clerk."""
    by = caller_of(request)
    row = mine(reservation_id, by)
    form = NoteForm(request.POST or None, initial={"remarks": row.remarks, "version": row.version})
    if request.method == "POST" and form.is_valid():
        try:
            actions.modify(reservation_id=reservation_id, change=form.change(), by=by)
        except (Refusal, GuestError) as fault:
            form.add_error(None, phrases.refusal(fault, row.venue.zone))
        else:
            messages.success(request, _("The note is kept."))
            return onward(request, reservation_id)
    return form_page(
        request,
        form,
        title=_("Note on reservation %(code)s") % {"code": row.code},
        button=_("Keep the note"),
        row=row,
    )


@require_http_methods(["GET", "POST"])
def cancel(request: HttpRequest, reservation_id: int) -> HttpResponse:
    """Shows the fee and asks for confirmation, then cancels the reservation."""
    by, now = caller_of(request), clock.now()
    row = mine(reservation_id, by)
    if request.method == "POST":
        return _press(request, row, actions.cancel, _("%(code)s is cancelled."), by=by)
    if not cancellations.may(row, now):
        return onward(request, reservation_id)
    fee_minor = cancellations.fee_minor(row, now)
    return page(
        request,
        "cancel",
        viewed=[row],
        title=_("Cancel reservation %(code)s?") % {"code": row.code},
        row=row,
        span=phrases.span(row.starts_at, row.ends_at, row.venue.zone),
        fee=phrases.money(fee_minor, row.currency) if fee_minor else "",
    )


@require_POST
def press(request: HttpRequest, reservation_id: int, verb: str) -> HttpResponse:
    """Carries out a verb of PRESSED."""
    by = caller_of(request)
    row = mine(reservation_id, by)
    act, done = PRESSED[verb]
    if verb in ("check_in", "confirm"):
        act = partial(act, override_reason=request.POST.get("override_reason", "")[:LONGEST_REASON])
    return _press(request, row, act, done, by=by, verb=verb)


def _press(
    request: HttpRequest,
    row: Reservation,
    act: Callable[..., Reservation],
    done: str | Promise,
    *,
    by: Caller,
    verb: str = "",
) -> HttpResponse:
    first = one_per_day.replaced_by(row, clock.now())
    try:
        after = act(reservation_id=row.pk, by=by)
    except NotFound as fault:
        raise Http404(fault.detail) from fault
    except Occupied as fault:
        return occupied.offer(request, row, fault)
    except PaymentRequired:
        return unpaid.offer(request, row, verb=verb)
    except Refusal as fault:
        messages.error(request, f"{row.code}: {phrases.refusal(fault, row.venue.zone)}")
    else:
        price = phrases.money(after.price_minor, after.currency)
        changed = after.price_minor != row.price_minor
        told = str(done) % {"code": row.code}
        if changed:
            told += " " + _("The price is now %(price)s.") % {"price": price}
        if first is not None and after.confirmed_at:
            told += " " + _("%(code)s is cancelled: this one took its place.") % {
                "code": first.code
            }
        messages.success(request, told)
        _warn_of_group(request, after)
        note_press(request.session, clock.now())
    return onward(request, row.pk)


def _warn_of_group(request: HttpRequest, row: Reservation) -> None:
    """Says that others of the group are still held: what is not confirmed lapses."""
    others = facts.group_of(row, clock.now())
    if others is None or not others["held"] or not row.confirmed_at:
        return
    told = ngettext(
        "%(held)s other of the group is still held, and lapses unless it is confirmed.",
        "%(held)s others of the group are still held, and lapse unless they are confirmed.",
        others["held"],
    ) % {"held": others["held"]}
    address = reverse("admin:group", args=[row.group_id])
    messages.warning(
        request, format_html('{} <a href="{}">{}</a>', told, address, _("To the group"))
    )


def _hold(request: HttpRequest, form: HoldForm, wish: Booking, by: Caller) -> HttpResponse:
    try:
        row = actions.hold(booking=wish, by=by, once=once_for(request, form.venue, by))
    except Repeated as repeated:
        return onward(request, int(repeated.answer.body))
    told = (
        _("%(code)s is confirmed for %(name)s.")
        if row.confirmed_at
        else _("%(code)s is held for %(name)s.")
    )
    messages.success(
        request, told % {"code": row.code, "name": f"{row.first_name} {row.last_name}"}
    )
    first = one_per_day.replaced_by(row, clock.now())
    if first is not None:
        held = _("Confirming it cancels %(code)s of the same client, %(start)s.")
        start = phrases.short(first.starts_at, row.venue.zone)
        messages.warning(request, held % {"code": first.code, "start": start})
    return onward(request, row.pk)


def _wished(request: HttpRequest) -> dict[str, str]:
    """The values that a cell of the timeline fills in."""
    return {name: request.GET[name] for name in WISHED if name in request.GET}


def _cell(request: HttpRequest, venue: Venue) -> str:
    """The query for closing the unit instead, if the clerk came from a cell of the timeline."""
    unit = request.GET.get("resource", "")
    if id_of(unit) is None:
        return ""
    wished: dict[str, str | int] = {"venue": venue.pk, "units": unit, "next": next_of(request)}
    for name, value in (("starts_at", "from"), ("ends_at", "until")):
        wished[name] = request.GET.get(value, "")
    return urlencode(wished)
