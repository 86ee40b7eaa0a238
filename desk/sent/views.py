"""The pages that show what was sent and what came of it, and the button to send it again."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from desk import event_words, phrases
from desk.context import caller_of, choose_venue, id_of, mine, own_venue, page
from desk.scoping import is_administrator
from desk.sent import folder as mail_folder
from guests.own_pages import next_of
from notices import sent
from notices.models import Delivery
from notices.models.delivery import Channel, DeliveryQuerySet

MOST = 50
"""Rows of a page."""

_CHANNELS = {
    Channel.MAIL: gettext_lazy("letter"),
    Channel.SMS: gettext_lazy("text message"),
    Channel.CHAT: gettext_lazy("chat message"),
}
_OUTCOMES = {
    "": gettext_lazy("waiting"),
    "sent": gettext_lazy("sent"),
    "failed": gettext_lazy("did not arrive"),
    "dropped": gettext_lazy("too late, not sent"),
    "suppressed": gettext_lazy("not sent: the address refuses letters"),
    "superseded": gettext_lazy("not sent: a newer one was"),
}


@require_GET
def of_venue(request: HttpRequest) -> HttpResponse:
    """Shows what was sent about reservations of the chosen venue, newest first."""
    venue = own_venue(request, caller_of(request))
    if venue is None:
        return choose_venue(request, _("Sent"))
    rows = sent.to_guests().filter(venue=venue)
    failed = request.GET.get("only") == "failed"
    if failed:
        rows = rows.filter(sent.FAILED)
    title = _("Sent from %(venue)s") % {"venue": venue.name}
    return _page(request, rows, title=title, only_failed=failed, of_venue=True, **_folder(request))


@require_GET
def of_reservation(request: HttpRequest, reservation_id: int) -> HttpResponse:
    """Shows what was sent about one reservation, newest first."""
    row = mine(reservation_id, caller_of(request))
    title = _("Sent about reservation %(code)s") % {"code": row.code}
    rows = sent.to_guests().filter(reservation=row)
    return _page(request, rows, title=title, row=row, refuses=sent.why_no_letter_arrives(row))


@require_POST
def again(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Sends a letter again, to the address that the reservation has now."""
    found = sent.to_guests().filter(pk=delivery_id).first()
    if found is None or found.reservation_id is None:
        raise Http404("There is no such letter, or it is not yours.")
    row = mine(found.reservation_id, caller_of(request))
    if sent.send_again(found):
        messages.success(request, _("It is sent again."))
    else:
        messages.warning(request, _("It is not sent again: it waits already, or has no receiver."))
    following = next_of(request)
    return redirect(following) if following else redirect("admin:sent_of_reservation", row.pk)


def _page(
    request: HttpRequest, rows: DeliveryQuerySet, *, title: str, **context: Any
) -> HttpResponse:
    before = id_of(request.GET.get("before", ""))
    found = list((rows.filter(pk__lt=before) if before else rows)[: MOST + 1])
    return page(
        request,
        "sent",
        title=title,
        rows=[_told(one) for one in found[:MOST]],
        older=found[MOST - 1].pk if len(found) > MOST else None,
        viewed=[one.reservation for one in found[:MOST]],
        **context,
    )


def _folder(request: HttpRequest) -> dict[str, bool]:
    return {"has_folder": mail_folder.are_kept() and is_administrator(request)}


def _told(delivery: Delivery) -> dict[str, Any]:
    row = delivery.reservation
    assert row is not None
    tries = list(delivery.tries.all())
    zone = row.venue.zone
    return {
        "delivery": delivery,
        "reservation": row,
        "at": phrases.moment(delivery.done_at or delivery.created_at, zone),
        "what": event_words.event_label(delivery.kind),
        "channel": _CHANNELS.get(Channel(delivery.channel), delivery.channel),
        "to": sent.masked(delivery),
        "outcome": _OUTCOMES.get(delivery.outcome, delivery.outcome),
        "is_bad": delivery.outcome in {"failed", "suppressed"},
        "detail": tries[0].detail if tries and delivery.outcome != "sent" else "",
        "tries": len(tries),
        "may_again": sent.may_be_sent_again(delivery) and bool(sent.receiver(delivery)),
    }
