"""The admin of hours: weekly or of a date, of a venue or of one unit."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest

from desk import venue_forms
from desk.affected.guards import AsksOfReservations
from desk.context import id_of
from desk.lists.venues import VENUE_FILTER
from desk.scoping import OfOwnVenues, venues_of
from reservations.rules.permissions import Act
from venues.models import Opening


@admin.register(Opening)
class OpeningAdmin(AsksOfReservations, OfOwnVenues):
    act = Act.HOURS
    form = venue_forms.OneOpeningForm
    list_display = ("venue", "of", "day", "hours")
    list_display_links = ("day",)
    list_filter: ClassVar = [VENUE_FILTER, "weekday", ("date", admin.EmptyFieldListFilter)]
    list_select_related = ("venue", "resource")
    search_fields = ("venue__name", "resource__name")
    ordering = ("venue__name", "resource__name", "date", "weekday", "opens")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("venue", "resource") if obj else ()

    def venues_changed(self, request: HttpRequest, object_id: str | None) -> list[int]:
        if object_id is not None:
            return super().venues_changed(request, object_id)
        asked = id_of(request.POST.get("venue", "")) or 0
        return list(venues_of(request, Act.HOURS).filter(pk=asked).values_list("pk", flat=True))

    @admin.display(ordering="resource__name")
    def of(self, opening: Opening) -> str:
        """The unit that has these hours, or the whole venue."""
        return opening.resource.name if opening.resource else "the whole venue"

    @admin.display(ordering="weekday")
    def day(self, opening: Opening) -> str:
        if opening.date:
            return f"{opening.date:%a} {opening.date.day} {opening.date:%b %Y}"
        return opening.get_weekday_display()

    @admin.display(ordering="opens")
    def hours(self, opening: Opening) -> str:
        if opening.opens is None or opening.closes is None:
            return "closed"
        ends = f"{opening.closes:%H:%M}"
        if opening.closes <= opening.opens:
            ends += " the next day"
        return f"{opening.opens:%H:%M} – {ends}"
