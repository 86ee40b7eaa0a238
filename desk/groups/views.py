"""The pages of a group: making one, and confirming, checking in or out and cancelling it.

Each verb acts on the members that are ticked: on all of them or on none.
"""

import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext as now_said
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from desk import phrases
from desk.context import (
    FOR_VENUE,
    caller_of,
    choose_venue,
    form_page,
    id_of,
    own_venue,
    page,
    why_not_here,
)
from desk.form_keys import once_for
from desk.groups.form import LINES, MORE_LINES, GroupForm
from desk.money import invoices
from desk.reservations.alternatives import Instead, for_group
from desk.reservations.buttons import CANCEL, CHECK_IN, CHECK_OUT, CONFIRM, buttons_for
from desk.reservations.facts import units_of
from guests.callers import Caller
from guests.errors import GuestError
from guests.own_pages import next_of
from reservations import actions, clock
from reservations.errors import KeyReused, NotFound, Refusal
from reservations.idempotency import Repeated
from reservations.lifecycle import cancellations
from reservations.models import Allocation, Reservation
from reservations.pricing import owed
from reservations.status import Status
from venues.models import Venue

WISHED = ("check_in", "check_out", "starts_at", "ends_at")

_OVER = (Status.CANCELLED, Status.EXPIRED, Status.LEFT)


@dataclass(frozen=True, slots=True)
class GroupVerb:
    """A verb on a group, its button, and what is said when it is done."""

    act: Callable[..., list[Reservation]]
    label: str | Promise
    done: Callable[[int], str]


VERBS: dict[str, GroupVerb] = {
    CONFIRM.verb: GroupVerb(
        actions.confirm_group,
        CONFIRM.label,
        lambda n: ngettext("%(n)s is confirmed.", "%(n)s are confirmed.", n) % {"n": n},
    ),
    CHECK_IN.verb: GroupVerb(
        actions.check_in_group,
        CHECK_IN.label,
        lambda n: ngettext("%(n)s is checked in.", "%(n)s are checked in.", n) % {"n": n},
    ),
    CHECK_OUT.verb: GroupVerb(
        actions.check_out_group,
        CHECK_OUT.label,
        lambda n: ngettext("%(n)s is checked out.", "%(n)s are checked out.", n) % {"n": n},
    ),
    CANCEL.verb: GroupVerb(
        actions.cancel_group,
        _("Cancel"),
        lambda n: ngettext("%(n)s is cancelled.", "%(n)s are cancelled.", n) % {"n": n},
    ),
}


@dataclass(frozen=True, slots=True)
class GroupLine:
    """One member as its line on the page. `verbs` are those that its status allows now."""

    reservation: Reservation
    units: str
    status: Status
    span: str
    price: str
    verbs: frozenset[str]

    @property
    def label(self) -> str:
        """The status as text."""
        return str(phrases.LABELS[self.status])

    @property
    def is_ticked(self) -> bool:
        """Says whether the line is ticked at first: while something can be done with it."""
        return self.status not in _OVER


@require_http_methods(["GET", "POST"])
def make(request: HttpRequest) -> HttpResponse:
    """Asks for a new group and holds it: all of it or nothing."""
    by = caller_of(request)
    venue = own_venue(request, by)
    if venue is None:
        return choose_venue(request, now_said("New group"))
    if request.method == "POST" and "more" in request.POST:
        form = GroupForm(venue=venue, lines=_lines(request) + MORE_LINES, initial=_typed(request))
        return _make_page(request, form)
    wished = {name: request.GET[name] for name in WISHED if name in request.GET}
    form = GroupForm(
        request.POST or None,
        venue=venue,
        lines=_lines(request),
        initial={**wished, "guest_count_0": 1, "guest_count_1": 1},
    )
    instead: list[Instead] = []
    elsewhere = why_not_here(request, venue, by) if request.method == "POST" else ""
    if elsewhere:
        form.add_error(None, elsewhere)
    elif request.method == "POST" and form.is_valid():
        wishes = form.bookings()
        try:
            return _hold(request, form, by)
        except KeyReused:
            # The clerk went back to a form that was sent, and altered it.
            form = GroupForm(venue=venue, lines=form.count, initial=_typed(request))
            messages.error(
                request,
                now_said("This form made a group already. Send it again to make another one."),
            )
        except (Refusal, GuestError) as fault:
            form.refuse(fault)
            instead = for_group(
                wishes, fault, lines=form.wanted(), by=by, venue=venue, now=clock.now()
            )
    return _make_page(request, form, instead=instead, is_elsewhere=bool(elsewhere))


@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, group_id: uuid.UUID) -> HttpResponse:
    """Shows the members of a group, each with its status, and the verbs that are possible now.

    A POST carries one of VERBS out on the ticked members. Cancelling asks first.
    """
    by, now = caller_of(request), clock.now()
    rows = members(group_id, by)
    if request.method == "POST":
        return _pressed(request, group_id, rows, by=by)
    lines = _lines_of(rows, now)
    first = rows[0]
    sum_minor = sum(row.price_minor for row in rows if row.status_at(now) not in _OVER[:2])
    return page(
        request,
        "group",
        title=now_said("Group of %(count)s at %(venue)s")
        % {"count": len(rows), "venue": first.venue.name},
        row=first,
        group_id=group_id,
        lines=lines,
        verbs=[
            (name, verb.label) for name, verb in VERBS.items()
            if any(name in line.verbs for line in lines)
        ],
        price=phrases.money(sum_minor, first.currency),
        paid=_sum(rows, [max(0, row.paid_minor) for row in rows]),
        due=_sum(rows, [owed.due(row, now) for row in rows]),
        hint=_hint(lines),
        documents=invoices.of_group(rows, by=by),
        next_page=next_of(request),
        viewed=rows,
    )  # fmt: skip


@require_GET
def ask_to_cancel(request: HttpRequest, group_id: uuid.UUID) -> HttpResponse:
    """Shows who would be cancelled and what it costs. Its button sends it on to `show`."""
    by, now = caller_of(request), clock.now()
    rows = members(group_id, by)
    only = _ticked(request.GET.getlist("only"), rows) or {row.pk for row in rows}
    chosen = [row for row in rows if row.pk in only and cancellations.may(row, now)]
    if not chosen:
        messages.info(request, now_said("None of these can be cancelled now."))
        return _onward(request, group_id)
    fee_minor = sum(cancellations.fee_minor(row, now) for row in chosen)
    return page(
        request,
        "group_cancel",
        title=ngettext(
            "Cancel %(count)s of the group?", "Cancel %(count)s of the group?", len(chosen)
        )
        % {"count": len(chosen)},
        row=rows[0],
        group_id=group_id,
        only=sorted(only),
        lines=_lines_of(chosen, now),
        fee=phrases.money(fee_minor, rows[0].currency) if fee_minor else "",
        next_page=next_of(request),
        viewed=chosen,
    )


def members(group_id: uuid.UUID, by: Caller) -> list[Reservation]:
    """Returns the members at the caller's venues, as they were made. Raises Http404 for none."""
    rows = Reservation.objects.filter(group_id=group_id)
    if by.venue_ids is not None:
        rows = rows.filter(venue__in=by.venue_ids)
    found = list(rows.select_related("venue__policy", "category").order_by("pk"))
    if not found:
        raise Http404("There is no such group, or it is not yours.")
    return found


def _pressed(
    request: HttpRequest, group_id: uuid.UUID, rows: Sequence[Reservation], *, by: Caller
) -> HttpResponse:
    verb = request.POST.get("verb", "")
    if verb not in VERBS:
        raise Http404("There is no such button.")
    _judge_venue(request, rows[0].venue)
    only = _ticked(request.POST.getlist("only"), rows)
    if not only:
        messages.error(request, now_said("Nothing was done: tick at least one line."))
        return _onward(request, group_id)
    if verb == CANCEL.verb and "sure" not in request.POST:
        asked = [("only", str(pk)) for pk in sorted(only)]
        asked += [("next", following)] if (following := next_of(request)) else []
        address = reverse("admin:cancel_group", args=[group_id])
        return redirect(f"{address}?{urlencode(asked)}")
    return _carry_out(request, group_id, VERBS[verb], only, by=by)


def _carry_out(
    request: HttpRequest, group_id: uuid.UUID, verb: GroupVerb, only: Collection[int], *, by: Caller
) -> HttpResponse:
    try:
        rows = verb.act(group_id=group_id, by=by, only=only)
    except NotFound as fault:
        raise Http404(fault.detail) from fault
    except Refusal as fault:
        messages.error(request, _against(fault, members(group_id, by)[0].venue))
    else:
        gone = [row for row in rows if row.pk in only and row.cancelled_at]
        if verb is not VERBS[CANCEL.verb] and gone:
            told = now_said("Left out, since they are cancelled: %(codes)s.")
            messages.warning(request, told % {"codes": ", ".join(row.code for row in gone)})
            only = set(only) - {row.pk for row in gone}
        messages.success(request, verb.done(len(only)))
    return _onward(request, group_id)


def _against(fault: Refusal, venue: Venue) -> str:
    """What stands against a verb on the group, and that nothing was done."""
    told = phrases.refusal(fault, venue.zone)
    if fault.member is None:
        return now_said("Nothing was done: %(why)s") % {"why": told}
    row = fault.member
    who = now_said(
        "Nothing was done, because of %(code)s (%(name)s): %(why)s Untick it to do the others."
    )
    return who % {"code": row.code, "name": f"{row.first_name} {row.last_name}", "why": told}


def _hold(request: HttpRequest, form: GroupForm, by: Caller) -> HttpResponse:
    try:
        rows = actions.hold_group(
            bookings=form.bookings(),
            by=by,
            once=once_for(request, form.venue, by, told=lambda made: str(made[0].group_id)),
        )
    except Repeated as repeated:
        return _onward(request, uuid.UUID(repeated.answer.body))
    names = ", ".join(f"{row.code} {row.first_name} {row.last_name}" for row in rows)
    told = (
        now_said("The group is confirmed: %(names)s.")
        if rows[0].confirmed_at
        else now_said("The group is held: %(names)s.")
    )
    messages.success(request, told % {"names": names})
    group_id = rows[0].group_id
    assert group_id is not None
    return _onward(request, group_id)


def _make_page(request: HttpRequest, form: GroupForm, **context: Any) -> HttpResponse:
    return form_page(
        request,
        form,
        title=now_said("New group at %(venue)s") % {"venue": form.venue.name},
        button=now_said("Reserve all")
        if form.venue.policy.confirms_at_once
        else now_said("Hold all"),
        more=now_said("More lines") if form.may_grow else "",
        **context,
    )


def _onward(request: HttpRequest, group_id: uuid.UUID) -> HttpResponseRedirect:
    address = reverse("admin:group", args=[group_id])
    following = next_of(request)
    return redirect(f"{address}?{urlencode({'next': following})}" if following else address)


def _lines_of(rows: Sequence[Reservation], now: datetime) -> list[GroupLine]:
    taken: dict[int, list[Allocation]] = {}
    found = Allocation.objects.filter(reservation__in=[row.pk for row in rows])
    for one in found.select_related("resource").order_by("pk"):
        taken.setdefault(one.reservation_id or 0, []).append(one)
    return [
        GroupLine(
            row,
            units_of(taken.get(row.pk, [])),
            row.status_at(now),
            phrases.span(row.starts_at, row.ends_at, row.venue.zone),
            phrases.money(row.price_minor, row.currency),
            frozenset(button.verb for button in buttons_for(row, now)),
        )
        for row in rows
    ]


def _hint(lines: Sequence[GroupLine]) -> str:
    """Until when the held members stand; "" where none is held."""
    held = [line.reservation for line in lines if line.status is Status.HELD]
    ends = [row.hold_expires_at for row in held if row.hold_expires_at]
    if not ends:
        return ""
    told = now_said("Confirm before %(time)s: what is not confirmed by then lapses.")
    return told % {"time": phrases.moment(min(ends), held[0].venue.zone)}


def _ticked(sent: Sequence[str], rows: Sequence[Reservation]) -> set[int]:
    return {row.pk for row in rows} & {id_of(one) for one in sent}


def _judge_venue(request: HttpRequest, venue: Venue) -> None:
    """Raises Http404 for a form that was made for another venue."""
    sent = request.POST.get(FOR_VENUE, "")
    if sent and id_of(sent) != venue.pk:
        raise Http404("There is no such group at this venue.")


def _sum(rows: Sequence[Reservation], amounts: Sequence[int]) -> str:
    """Returns what these come to together, as text; "" for nothing."""
    total = sum(amounts)
    return phrases.money(total, rows[0].currency) if total else ""


def _lines(request: HttpRequest) -> int:
    asked = request.POST.get("lines", "")
    return int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 4 else LINES


def _typed(request: HttpRequest) -> dict[str, str]:
    """What was typed, to be shown again in a form that judges nothing. The key is made anew."""
    left_out = ("csrfmiddlewaretoken", "more", "once", "lines")
    return {name: request.POST[name] for name in request.POST if name not in left_out}
