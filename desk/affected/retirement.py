"""Retires a unit, and asks first what becomes of its reservations."""

from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from desk import phrases
from desk.affected import page
from desk.affected.page import Question
from desk.context import caller_of
from reservations.errors import Refusal, ReservationsAffected
from reservations.inventory import closures, units
from venues.models import Resource


def retire(request: HttpRequest, unit: Resource) -> HttpResponse:
    """Retires the unit, or shows its reservations, or says why it cannot be retired now."""
    by = caller_of(request)
    decided, notice, is_lacking = page.decisions_of(request, unit.venue_id)
    question = Question(
        title=_("Retire %(unit)s") % {"unit": unit.name},
        button=_("Retire it, and do this"),
        venues=[unit.venue_id],
        preview=partial(
            closures.as_closed,
            unit.venue_id,
            [unit.pk],
            units.window_of(unit.pk),
            by,
        ),
        may_keep=False,
        reseats=True,
    )
    if is_lacking:
        return page.ask(request, question, None)
    try:
        units.retire_deciding(resource_id=unit.pk, decided=decided, notice=notice, by=by)
    except ReservationsAffected as fault:
        return page.ask(request, question, fault)
    except Refusal as fault:
        if page.is_answered(request):
            return page.ask(request, question, fault)
        told = phrases.refusal(fault, unit.venue.zone)
        messages.error(request, _("%(unit)s cannot be retired.") % {"unit": unit} + f" {told}")
    else:
        messages.success(
            request, _("%(unit)s is retired: it is not sold any more.") % {"unit": unit}
        )
    return redirect("admin:venues_resource_change", unit.pk)
