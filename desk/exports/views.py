"""The page of a venue's files: managers ask for one, follow it and download it."""

from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as now_said
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from desk.context import caller_of, choose_venue, own_venue, page, why_not_here
from guests import audit
from guests.addresses import address_of
from guests.callers import Caller
from guests.models import User
from notices.exports import jobs
from notices.models import Export
from notices.models.export import ExportKind
from reservations.rules import modes, permissions
from reservations.rules.permissions import Act
from venues.models import Venue

MOST_SHOWN = 10


class PeriodForm(forms.Form):
    """The first and last local date of arrivals. Both may be left out."""

    use_required_attribute = False

    first = forms.DateField(
        label=_("Arrivals from"), required=False, widget=forms.DateInput({"type": "date"})
    )
    last = forms.DateField(
        label=_("until"), required=False, widget=forms.DateInput({"type": "date"})
    )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        for name in ("first", "last"):
            day = given.get(name)
            if isinstance(day, date) and day.year not in modes.YEARS:
                self.add_error(name, now_said("Choose another date."))
        first, last = given.get("first"), given.get("last")
        if first and last and last < first:
            self.add_error("last", now_said("Choose a date that is not before the first."))
        return given


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def exports(request: HttpRequest) -> HttpResponse:
    """Lists the files that the manager asked for. A POST asks for one of the venue's reservations.

    While one is written, it asks for no second.
    """
    by = caller_of(request)
    venue = own_venue(request, by)
    if venue is None:
        return choose_venue(request, now_said("Which venue do you work at?"))
    if not permissions.may(by, Act.EXPORTS, venue.pk):
        raise PermissionDenied
    form = PeriodForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return _page(request, venue, form)
    if told := why_not_here(request, venue, by):
        messages.warning(request, told)
        return _page(request, venue, form, is_elsewhere=True)
    _start(request, venue, form, by)
    messages.success(request, now_said("The file is being written. You can leave this page."))
    return redirect("admin:exports")


def _start(request: HttpRequest, venue: Venue, form: PeriodForm, by: Caller) -> None:
    assert isinstance(request.user, User)
    first, last = form.cleaned_data["first"], form.cleaned_data["last"]
    jobs.start(
        request.user,
        ExportKind.VENUE,
        venue=venue,
        since=modes.days(first, first, venue.zone).start if first else None,
        until=modes.days(last, last, venue.zone).end if last else None,
        language=get_language() or "",
    )
    audit.note("venue.exported", by=by.name, place=address_of(request), venue=venue.slug)


def _page(
    request: HttpRequest, venue: Venue, form: PeriodForm, *, is_elsewhere: bool = False
) -> HttpResponse:
    mine = Export.objects.filter(user=request.user.pk, venue=venue)[:MOST_SHOWN]
    rows = [(one, jobs.is_ready(one)) for one in mine]
    jobs.note_told([one for one, _ready in rows if one.done_at and not one.told_at])
    answer = page(
        request,
        "exports",
        title=now_said("Files of %(venue)s") % {"venue": venue.name},
        venue=venue,
        form=form,
        rows=rows,
        is_exporting=any(one.done_at is None for one, _ready in rows),
        is_elsewhere=is_elsewhere,
        days=settings.EXPORT_KEPT.days,
    )
    if is_elsewhere:
        answer.status_code = 409
    return answer
