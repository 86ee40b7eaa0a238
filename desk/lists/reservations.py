"""The admin of reservations, allocations and events: lists to read, and buttons for the verbs."""

import uuid
from functools import partial
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as now_said
from django.utils.translation import gettext_lazy as _

from desk import event_words, phrases
from desk.closures import views as closure_pages
from desk.lists.filters import (
    CallerFilter,
    DayFilter,
    EventFilter,
    KindFilter,
    StatusFilter,
    TakingFilter,
)
from desk.money import invoices
from desk.money import views as money_pages
from desk.money.views import MOVEMENTS
from desk.reservations import corrections, facts, swap, views
from desk.reservations.amounts import AMOUNTS
from desk.reservations.buttons import PRESSED
from desk.reservations.corrections import CORRECTIONS
from desk.scoping import OfOwnVenues, OwnVenueFilter
from desk.timeline import views as timeline_pages
from desk.viewed import ViewedList
from reservations import clock
from reservations.models import Allocation, Event, Reservation
from reservations.querysets import ReservationQuerySet
from reservations.status import Status

VENUE_FILTER = ("venue", OwnVenueFilter)


class ReadOnly(OfOwnVenues):
    """An admin without adding, editing and deleting: all changes go through the engine."""

    show_full_result_count = False
    list_per_page = 50

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        title = {"title": str(self.opts.verbose_name_plural).capitalize()}
        return super().changelist_view(request, {**title, **(extra_context or {})})

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        title = self.title_of(self.get_object(request, object_id))
        more = {"title": title, "subtitle": None, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, more)

    def title_of(self, row: Any) -> str:
        """Returns the title of a row's page."""
        return str(row)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    class Media:
        css: ClassVar = {"all": ["desk/desk.css"]}


@admin.register(Reservation)
class ReservationAdmin(ViewedList, ReadOnly):
    """The list of reservations. The other pages are views of the desk."""

    list_display = ("code", "guest_name", "status", "when", "where", "price")
    list_filter: ClassVar = [StatusFilter, DayFilter, VENUE_FILTER]
    list_select_related = ("venue",)
    search_fields = ("code", "first_name", "last_name", "phone", "email", "vehicle_plate")
    search_help_text = _("name, phone, code, plate or e-mail")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """True: the desk's view `hold` makes reservations through the engine."""
        return True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        taken = Allocation.objects.select_related("resource").order_by("pk")
        rows = super().get_queryset(request).prefetch_related(Prefetch("allocations", taken))
        return rows.with_status(at=clock.now())  # type: ignore[attr-defined,no-any-return]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        assert isinstance(queryset, ReservationQuerySet)
        return queryset.matching(search_term) if search_term else queryset, False

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        name = "reservations_reservation_{}".format
        verbs = [
            path(
                f"<int:reservation_id>/{verb.replace('_', '-')}/",
                wrap(partial(views.press, verb=verb)),
                name=name(verb),
            )
            for verb in PRESSED
        ]
        verbs += [
            path(
                f"<int:reservation_id>/{verb.replace('_', '-')}/",
                wrap(partial(corrections.correct, correction=correction)),
                name=name(verb),
            )
            for verb, correction in {**CORRECTIONS, **AMOUNTS}.items()
        ]
        verbs += [
            path(
                f"<int:reservation_id>/{verb.replace('_', '-')}/",
                wrap(partial(money_pages.move, movement=movement)),
                name=name(verb),
            )
            for verb, movement in MOVEMENTS.items()
        ]
        return [
            path("add/", wrap(views.hold), name=name("add")),
            path("<int:reservation_id>/change/", wrap(views.show), name=name("change")),
            path("<int:reservation_id>/move/", wrap(timeline_pages.move), name=name("move")),
            path("<int:reservation_id>/swap/", wrap(swap.swap), name=name("swap")),
            path("<int:reservation_id>/note/", wrap(views.note), name=name("note")),
            path("<int:reservation_id>/modify/", wrap(views.modify), name=name("modify")),
            path("<int:reservation_id>/cancel/", wrap(views.cancel), name=name("cancel")),
            path("<int:reservation_id>/invoice/", wrap(invoices.issue), name=name("invoice")),
            *verbs,
            *super().get_urls(),
        ]

    @admin.display(description=_("guest"), ordering="last_name")
    def guest_name(self, row: Reservation) -> str:
        told = f"{row.first_name} {row.last_name} ({row.guest_count})"
        if row.group_id is None:
            return told
        address = reverse("admin:group", args=[row.group_id])
        return format_html('{} <a href="{}">{}</a>', told, address, now_said("its group"))

    @admin.display(description=_("status now"), ordering="status_number")
    def status(self, row: Any) -> SafeString:
        status = Status(row.status_number)
        return format_html('<span class="status {}">{}</span>', status.word, phrases.LABELS[status])

    @admin.display(description=_("when, at the venue"), ordering="starts_at")
    def when(self, row: Reservation) -> str:
        return phrases.span(row.starts_at, row.ends_at, row.venue.zone)

    @admin.display(description=_("where"), ordering="venue__name")
    def where(self, row: Reservation) -> str:
        units = facts.units_of(list(row.allocations.all()))
        return f"{row.venue.name} · {units}" if units else row.venue.name

    @admin.display(description=_("price"), ordering="price_minor")
    def price(self, row: Reservation) -> str:
        return phrases.money(row.price_minor, row.currency)


@admin.register(Allocation)
class AllocationAdmin(ReadOnly):
    """The list of allocations. Pages of the desk close and reopen units."""

    fields = ("venue", "resource", "when", "taken_by", "state", "fixed")
    list_display = ("resource", "venue", "when", "taken_by", "state", "reopen")
    list_filter: ClassVar = [KindFilter, TakingFilter, DayFilter, VENUE_FILTER]
    list_select_related = ("venue", "resource", "reservation")
    search_fields = ("resource__name", "reservation__code", "reason")
    search_help_text = "unit, reservation's code or reason"
    ordering = ("-starts_at", "resource")

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("close/", wrap(closure_pages.close), name="reservations_allocation_close"),
            path(
                "closures/<uuid:closure_id>/reopen/",
                wrap(closure_pages.reopen),
                name="reservations_allocation_reopen",
            ),
            *super().get_urls(),
        ]

    @admin.display(description=_("when, at the venue"), ordering="starts_at")
    def when(self, row: Allocation) -> str:
        return phrases.span(row.starts_at, row.ends_at, row.venue.zone)

    @admin.display
    def taken_by(self, row: Allocation) -> str:
        if row.reservation is None:
            return f"Closed: {row.reason}"
        return _linked(row.reservation)

    @admin.display
    def state(self, row: Allocation) -> str:
        return facts.state_of(row, clock.now())

    @admin.display(description=_("unit is"))
    def fixed(self, row: Allocation) -> str:
        return facts.fixed_of(row)

    def title_of(self, row: Any) -> str:
        return f"Time of {row.resource}"

    @admin.display(description="")
    def reopen(self, row: Allocation) -> str:
        return _reopen_link(row.closure_id) if _may_reopen(row) else ""

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        assert isinstance(row, Allocation)
        closure = row.closure_id if _may_reopen(row) else None
        more = {**(extra_context or {}), "closure_id": closure}
        return super().change_view(request, object_id, form_url, more)


@admin.register(Event)
class EventAdmin(ReadOnly):
    """The list of events, to read only."""

    fields = ("name", "when", "recorded", "venue", "of", "who", "told")
    list_display = ("what", "when", "of", "who", "told")
    list_filter: ClassVar = [EventFilter, CallerFilter, VENUE_FILTER]
    list_select_related = ("venue", "reservation")
    search_fields = ("reservation__code", "name", "by")
    search_help_text = "reservation's code, name of the event, or who did it"
    ordering = ("-id",)

    @admin.display(ordering="name")
    def what(self, event: Event) -> str:
        return event_words.event_label(event.name)

    @admin.display(description=_("when, at the venue"), ordering="at")
    def when(self, event: Event) -> str:
        return phrases.moment(event.at, event.venue.zone)

    @admin.display(description=_("written down"))
    def recorded(self, event: Event) -> str:
        return phrases.moment(event.recorded_at, event.venue.zone)

    @admin.display(description=_("what of"), ordering="reservation")
    def of(self, event: Event) -> str:
        return _linked(event.reservation) if event.reservation else event.venue.name

    @admin.display(ordering="by")
    def who(self, event: Event) -> str:
        return f"{event.by} ({event.by_kind})"

    def title_of(self, row: Any) -> str:
        return f"{event_words.event_label(row.name)} {phrases.moment(row.at, row.venue.zone)}"

    @admin.display(description=_("facts"))
    def told(self, event: Event) -> str:
        currency = event.reservation.currency if event.reservation else event.venue.currency
        reading = phrases.Reading(currency=currency, zone=event.venue.zone, units={})
        return reading.line(event.data)


def _linked(row: Reservation) -> SafeString:
    address = reverse("admin:reservations_reservation_change", args=[row.pk])
    return format_html('<a href="{}">{}</a>', address, row.code)


def _may_reopen(row: Allocation) -> bool:
    return row.closure_id is not None and row.is_live and row.ends_at > clock.now()


def _reopen_link(closure_id: uuid.UUID | None) -> SafeString:
    address = reverse("admin:reservations_allocation_reopen", args=[closure_id])
    return format_html('<a href="{}">Reopen</a>', address)
