"""Records whose personal data a page of the desk showed, and to whom."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from guests.models import User
from reservations.models import AccessRecord, Reservation
from reservations.privacy import access_log
from reservations.privacy.access_log import OPEN, SEARCH


def reservations(
    request: HttpRequest, place: str, why: AccessRecord.Why, rows: Iterable[Reservation | None]
) -> None:
    """Records reservations, in one go. None stands for a closure and is skipped."""
    shown = [(row.venue_id, row.pk) for row in rows if row is not None]
    reader, kind = reader_of(request)
    access_log.record(reader, kind, place=place, why=why, rows=shown)


def people(
    request: HttpRequest, place: str, why: AccessRecord.Why, user_ids: Iterable[int]
) -> None:
    """Records accounts, in one go."""
    reader, kind = reader_of(request)
    access_log.record(reader, kind, place=place, why=why, user_ids=list(user_ids))


def reader_of(request: HttpRequest) -> tuple[str, str]:
    """Returns the name and kind of who reads, without a query."""
    assert isinstance(request.user, User)
    kind = "administrator" if request.user.is_superuser else "staff"
    return f"user:{request.user.pk}", kind


class ViewedList(admin.ModelAdmin):  # type: ignore[type-arg]
    """Records the rows of a list page, and the row of a change page."""

    viewed_as: ClassVar[str] = "reservations"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        answer = super().changelist_view(request, extra_context)
        shown = getattr(answer, "context_data", None) or {}
        if "cl" in shown:
            self._record(request, SEARCH, shown["cl"].result_list)
        return answer

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        answer = super().change_view(request, object_id, form_url, extra_context)
        shown = getattr(answer, "context_data", None) or {}
        if shown.get("original") is not None:
            self._record(request, OPEN, [shown["original"]])
        return answer

    def _record(self, request: HttpRequest, why: AccessRecord.Why, rows: Iterable[Any]) -> None:
        place = f"desk:{self.viewed_as}"
        if self.viewed_as == "people":
            people(request, place, why, [row.pk for row in rows])
        else:
            reservations(request, place, why, rows)
