"""The page of files that a person asked for, and the files."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from guests.models import User
from notices.exports import downloads, jobs
from notices.models import Export
from notices.models.export import ExportKind
from reservations.errors import NotFound
from web.account.onward import onward

MOST_SHOWN = 20
OWN = (ExportKind.PARKING, ExportKind.RESERVATIONS)
"""What anybody can ask for. Files of venues are asked for at the desk."""

NAMES = {
    ExportKind.PARKING: _("My parking"),
    ExportKind.RESERVATIONS: _("My reservations"),
    ExportKind.VENUE: _("Reservations of the venue"),
}


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def exports(request: HttpRequest) -> HttpResponse:
    """Lists the person's files. A POST asks for one; while it is written, for no second."""
    assert isinstance(request.user, User)
    if request.method == "POST":
        kind = request.POST.get("kind", "")
        if kind in OWN:
            jobs.start(request.user, kind, language=get_language() or "")
        return redirect(onward(request) if "next" in request.POST else "web:exports")
    context = of_person(request.user, most=MOST_SHOWN)
    return render(request, "web/account/exports.html", context)


@login_required
@never_cache
@require_safe
def export_file(request: HttpRequest, export_id: int) -> HttpResponseBase:
    """Sends a file to its owner. To everybody else it does not exist; 410 once it is over."""
    mine = Export.objects.filter(user=request.user.pk)
    export = get_object_or_404(mine, pk=export_id)
    try:
        return downloads.answer(export)
    except NotFound:
        return render(request, "web/account/export_gone.html", {"export": export}, status=410)


def of_person(user: User, *kinds: str, most: int = 1) -> dict[str, Any]:
    """Returns what the list of a person's files shows: the newest `most`, of `kinds` or of all.

    A file that is done is news once: the person is told by it.
    """
    found = Export.objects.filter(user=user).select_related("venue")
    shown = list((found.filter(kind__in=kinds) if kinds else found)[:most])
    news = [one for one in shown if one.done_at and not one.told_at]
    jobs.note_told(news)
    return {
        "exports": [(one, NAMES[ExportKind(one.kind)], jobs.is_ready(one)) for one in shown],
        "export_news": [one for one in news if jobs.is_ready(one)],
        "is_exporting": any(one.done_at is None for one in shown),
    }
