"""Pages of the admin that change hours: they ask first what becomes of the reservations outside."""

from functools import partial
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from desk.affected.page import guarded
from desk.context import id_of
from venues.models import Venue


class AsksOfReservations(admin.ModelAdmin):  # type: ignore[type-arg]
    """Asks before a form, a deletion or an action of the list leaves reservations outside hours."""

    def venues_changed(self, request: HttpRequest, object_id: str | None) -> list[int]:
        """The ids of the venues whose hours the request changes. The row may not exist."""
        row = self.get_queryset(request).filter(pk=id_of(object_id or "") or 0).first()
        if row is None:
            return []
        return [row.pk] if isinstance(row, Venue) else [row.venue_id]

    def venues_listed(self, request: HttpRequest) -> list[int]:
        """The ids of the venues of the rows that an action of the list is for."""
        rows = self.get_queryset(request)
        if request.POST.get("select_across") != "1":
            ids = [id_of(one) or 0 for one in request.POST.getlist("_selected_action")]
            rows = rows.filter(pk__in=ids)
        return sorted(set(rows.values_list("venue", flat=True).order_by()))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        write = partial(super().changeform_view, request, object_id, form_url, extra_context)
        return self._asked(request, object_id, write)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        write = partial(super().delete_view, request, object_id, extra_context)
        return self._asked(request, object_id, write)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        write = partial(super().changelist_view, request, extra_context)
        if request.method != "POST" or "_selected_action" not in request.POST:
            return write()
        title = _("Delete hours")
        return guarded(request, self.venues_listed(request), write, title=title)

    def _asked(self, request: HttpRequest, object_id: str | None, write: Any) -> HttpResponse:
        if request.method != "POST":
            answer: HttpResponse = write()
            return answer
        title = _("Change hours")
        return guarded(request, self.venues_changed(request, object_id), write, title=title)
