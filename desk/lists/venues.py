"""The admin of venues, categories, units, hours and rates. Staff edit those of their venues."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_POST

from desk import venue_forms
from desk.affected import retirement
from desk.affected.guards import AsksOfReservations
from desk.lists.document_series import SeriesInline
from desk.lists.rates import RateInline
from desk.lists.reminders import ReminderInline
from desk.scoping import OfOwnVenues, OwnVenueFilter, is_administrator
from desk.uncut import Uncut
from reservations import clock
from reservations.availability import venue_search
from reservations.inventory import commitments
from reservations.inventory import units as inventory_units
from reservations.rules.permissions import Act
from venues import kinds, presets
from venues.models import Category, Combination, Opening, Policy, Resource, Venue

MOST_INLINE = 200
"""Openings of a unit that its page shows. More are in their own list."""

VENUE_FILTER = ("venue", OwnVenueFilter)


class PolicyInline(Uncut, admin.StackedInline):  # type: ignore[type-arg]
    """The venue's one policy: it comes and goes with the venue."""

    model = Policy
    form = venue_forms.PolicyForm
    can_delete = False
    max_num = 1
    fieldsets = (
        ("When one may book", {"fields": ("notice", "horizon", "shortest_stay", "longest_stay")}),
        (
            "What is sold",
            {
                "fields": (
                    ("check_in_time", "check_out_time", "last_arrival", "day_ends"),
                    ("default_length", "step", "slot_length"),
                    ("buffer_before", "buffer_after", "adds_buffers"),
                )
            },
        ),
        ("Holding", {"fields": ("confirms_at_once", "hold_time")}),
        (
            "Arriving and leaving",
            {
                "fields": (
                    "records_arrival",
                    "records_departure",
                    "guests_check_in",
                    "early_check_in",
                    "grace",
                    "releases_no_shows",
                )
            },
        ),
        ("Which unit", {"fields": ("unit_choice", "ranks_units", "unit_schedules", "per_day")}),
        (
            "Cancelling, paying, changing",
            {
                "fields": (
                    "cancel_deadline",
                    "cancel_fee_percent",
                    "guests_change_late",
                    "charges_time_used",
                    "leaving_grace",
                    "prepayment",
                    "state_change_rate",
                )
            },
        ),
    )

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class CategoryInline(Uncut, admin.TabularInline):  # type: ignore[type-arg]
    model = Category
    form = venue_forms.CategoryForm
    fields = ("name", "code", "position", "is_on_request")
    prepopulated_fields: ClassVar = {"code": ("name",)}
    show_change_link = True
    extra = 0


class WeekInline(Uncut, admin.TabularInline):  # type: ignore[type-arg]
    """The weekly hours of a venue. Dates and the schedules of units have a list of their own."""

    model = Opening
    form = venue_forms.OpeningForm
    formset = venue_forms.OpeningFormSet
    fields = ("weekday", "opens", "closes")
    verbose_name = "weekly opening"
    verbose_name_plural = "weekly openings"
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[Opening]:
        return super().get_queryset(request).filter(resource=None, date=None)


@admin.register(Venue)
class VenueAdmin(AsksOfReservations, OfOwnVenues):
    """The admin of venues. Administrators create one, which gets the usual policy of its kind."""

    act = Act.VENUE
    venue_lookup = "pk"
    form = venue_forms.VenueForm
    inlines = (PolicyInline, CategoryInline, WeekInline, ReminderInline, SeriesInline)
    list_display = ("name", "kind", "mode", "city", "time_zone", "units", "is_active")
    list_filter: ClassVar = ["kind", "is_active", "is_listed"]
    search_fields = ("name", "slug", "city", "address")
    prepopulated_fields: ClassVar = {"slug": ("name",)}
    fieldsets: ClassVar = [
        (None, {"fields": ("name", "slug", "kind", "mode", "is_active", "is_listed")}),
        ("Where", {"fields": ("address", "city", "time_zone")}),
        ("For guests", {"fields": ("description", "stars", "phone_region", "currency")}),
        ("Invoices and receipts", {"fields": ("legal_name", "tax_number")}),
        (
            "Letters",
            {"fields": ("email", "receives_notices", "language", "tells_holds", "tells_expiries")},
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return _with_units(super().get_queryset(request))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return venue_search.named(queryset, search_term), False

    @admin.display(ordering="unit_count")
    def units(self, venue: Any) -> int:
        """The number of units in use."""
        count: int = venue.unit_count
        return count

    def get_inlines(self, request: HttpRequest, obj: Venue | None) -> Any:
        return self.inlines if obj else ()

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        return {} if obj else self.prepopulated_fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        if obj is None:
            return ()
        # Addresses, keys and partners' systems know a venue by its slug; what is sold rests on
        # its kind and mode. Only administrators close a venue, as over the API.
        fixed = ("slug", "kind", "mode")
        return fixed if is_administrator(request) else (*fixed, "is_active")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_administrator(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # A lot is closed on its own page, and only while it is empty.
        is_lot = isinstance(obj, Venue) and kinds.named(obj.kind).has_spots
        return is_administrator(request) and not is_lot

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def save_model(self, request: HttpRequest, obj: Venue, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        super().save_model(request, obj, form, change)
        if not change:
            policy = presets.policy_for(obj.kind)
            policy.venue = obj
            policy.save()
            presets.add_reminders(obj)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        super().save_formset(request, form, formset, change)
        if formset.model is not Policy:
            return
        changed = {name for one in formset.forms for name in one.changed_data}
        count = commitments.stays_to_come(form.instance, clock.now())
        if count and changed & venue_forms.TIMES:
            messages.warning(
                request,
                f"{count} stays to come were sold by the times before, and keep theirs. "
                "Look whether they still fit.",
            )

    def response_add(
        self, request: HttpRequest, obj: Venue, post_url_continue: str | None = None
    ) -> HttpResponse:
        messages.success(
            request,
            f"{obj} is made, with the policy that is usual for a {obj.get_kind_display().lower()}. "
            "Look it over, then add categories and units.",
        )
        return redirect("admin:venues_venue_change", obj.pk)


@admin.register(Category)
class CategoryAdmin(OfOwnVenues):
    act = Act.RATES
    form = venue_forms.CategoryForm
    inlines = (RateInline,)
    fields = ("venue", "name", "code", "description", "position", "is_on_request")
    list_display = ("name", "venue", "code", "units", "is_on_request", "position")
    list_filter: ClassVar = [VENUE_FILTER, "is_on_request"]
    list_select_related = ("venue",)
    search_fields = ("name", "code", "venue__name")
    ordering = ("venue__name", "position", "id")
    prepopulated_fields: ClassVar = {"code": ("name",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return _with_units(super().get_queryset(request))

    @admin.display(ordering="unit_count")
    def units(self, category: Any) -> int:
        """The number of units in use."""
        count: int = category.unit_count
        return count

    def get_inlines(self, request: HttpRequest, obj: Category | None) -> Any:
        return self.inlines if obj else ()

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        return {} if obj else self.prepopulated_fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("venue",) if obj else ()


class ScheduleInline(Uncut, admin.TabularInline):  # type: ignore[type-arg]
    """The hours of one unit, such as a provider's schedule. They replace the venue's hours."""

    model = Opening
    form = venue_forms.OpeningForm
    formset = venue_forms.OpeningFormSet
    fields = ("weekday", "date", "opens", "closes")
    verbose_name = "opening of its own"
    verbose_name_plural = "openings of its own"
    extra = 0


@admin.register(Resource)
class ResourceAdmin(AsksOfReservations, OfOwnVenues):
    """The admin of units. Retire a unit instead of deleting it, to keep its history."""

    act = Act.UNITS
    form = venue_forms.ResourceForm
    inlines = (ScheduleInline,)
    list_display = ("name", "venue", "category", "floor", "capacity", "is_in_use")
    list_filter: ClassVar = [
        VENUE_FILTER,
        ("retired_at", admin.EmptyFieldListFilter),
        "floor",
    ]
    list_select_related = ("venue", "category")
    search_fields = ("name", "category__name", "venue__name")
    ordering = ("venue__name", "rank", "id")
    fieldsets: ClassVar = [
        (None, {"fields": ("category", "name", "floor", "capacity")}),
        ("More", {"fields": ("rank", ("plan_x", "plan_y"), "attributes", "time_zone")}),
    ]

    class Media:
        css: ClassVar = {"all": ["desk/venue.css"]}

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_spot = isinstance(obj, Resource) and kinds.named(obj.venue.kind).has_spots
        return super().has_delete_permission(request, obj) and not is_spot

    @admin.display(boolean=True, description="in use", ordering="retired_at")
    def is_in_use(self, unit: Resource) -> bool:
        return unit.retired_at is None

    def get_inlines(self, request: HttpRequest, obj: Resource | None) -> Any:
        if obj is None or obj.openings.count() > MOST_INLINE:
            return ()
        return self.inlines

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        unit = self.get_object(request, object_id)
        count = unit.openings.count() if isinstance(unit, Resource) else 0
        if request.method == "GET" and count > MOST_INLINE:
            messages.info(request, f"{unit} has {count} openings: see the list of openings.")
        return super().change_view(request, object_id, form_url, extra_context)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        for inline in formset.forms:
            inline.instance.venue_id = form.instance.venue_id
        super().save_formset(request, form, formset, change)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        unit = self.get_object(request, object_id)
        if isinstance(unit, Resource) and unit.allocations.exists():
            messages.error(
                request,
                f"{unit} cannot be deleted: its time has been reserved or closed, "
                "and that is kept. Retire it instead.",
            )
            return redirect("admin:venues_resource_change", unit.pk)
        return super().delete_view(request, object_id, extra_context)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:unit_id>/retire/", wrap(self.retire), name="venues_resource_retire"),
            path("<int:unit_id>/restore/", wrap(self.restore), name="venues_resource_restore"),
            *super().get_urls(),
        ]

    @method_decorator(require_POST)
    def retire(self, request: HttpRequest, unit_id: int) -> HttpResponse:
        """Retires the unit, once all its reservations are decided on."""
        unit = self.get_object(request, str(unit_id))
        assert isinstance(unit, Resource)
        answer = retirement.retire(request, unit)
        if Resource.objects.filter(pk=unit_id, retired_at__isnull=False).exists():
            _log(request, unit, "Retired.")
        return answer

    @method_decorator(require_POST)
    def restore(self, request: HttpRequest, unit_id: int) -> HttpResponse:
        """Puts a retired unit back into use."""
        unit = self.get_object(request, str(unit_id))
        inventory_units.restore(resource_id=unit_id)
        _log(request, unit, "Put back into use.")
        messages.success(request, f"{unit} is in use again.")
        return redirect("admin:venues_resource_change", unit_id)


@admin.register(Combination)
class CombinationAdmin(OfOwnVenues):
    act = Act.UNITS
    form = venue_forms.CombinationForm
    list_display = ("name", "venue", "category", "capacity")
    list_filter: ClassVar = [VENUE_FILTER]
    list_select_related = ("venue", "category")
    search_fields = ("name", "venue__name")
    ordering = ("venue__name", "capacity", "id")
    filter_horizontal = ("resources",)


def _with_units(rows: QuerySet[Any]) -> QuerySet[Any]:
    in_use = Q(resources__retired_at=None)
    counted: QuerySet[Any] = rows.annotate(unit_count=Count("resources", filter=in_use))
    return counted


def _log(request: HttpRequest, row: Any, message: str) -> None:
    LogEntry.objects.log_actions(
        request.user.pk or 0, [row], CHANGE, change_message=message, single_object=True
    )
