"""Limits the admin to the rows of the caller's venues. Administrators see all.

The act that a page is for decides which venues those are.
"""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import ForeignKey, ManyToManyField, QuerySet
from django.http import Http404, HttpRequest

from desk.uncut import Uncut
from guests.callers import ANONYMOUS, Caller, for_user
from guests.models import Partner, User
from reservations.rules import permissions
from reservations.rules.permissions import Act
from spelling.alphabet import Alphabetical
from venues.models import Venue


def venues_of(request: HttpRequest, act: Act = Act.DESK) -> QuerySet[Venue]:
    """Returns the venues where the caller's role allows the act. Empty for guests."""
    return permissions.venues_run_by(known(request), act)


def partners_of(request: HttpRequest) -> QuerySet[Partner]:
    """Returns the partners whose keys the caller may issue and revoke. Empty for guests."""
    return permissions.partners_keyed_by(known(request))


def known(request: HttpRequest) -> Caller:
    """Returns the caller of a request. Reads their roles once per request."""
    if not hasattr(request, "desk_caller"):
        user = request.user
        found = for_user(user) if isinstance(user, User) and user.is_active else ANONYMOUS
        request.desk_caller = found  # type: ignore[attr-defined]
    caller: Caller = request.desk_caller  # type: ignore[attr-defined]
    return caller


NAMES = ("name", "first_name", "last_name", "city")
"""Columns that hold what people are called, and places."""


def is_administrator(request: HttpRequest) -> bool:
    """Says whether the caller is an administrator."""
    return request.user.is_authenticated and request.user.is_superuser


class AlphabeticalList(ChangeList):
    """A list whose columns of names sort by a reader's alphabet."""

    def get_ordering_field(self, field_name: Any) -> Any:
        found = super().get_ordering_field(field_name)
        is_name = isinstance(found, str) and found.rpartition("__")[2] in NAMES
        return Alphabetical(found) if is_name else found


class Alphabet:
    """A mixin for admins: their lists are `AlphabeticalList`s."""

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        return AlphabeticalList


class HidesOthers(Uncut, Alphabet, admin.ModelAdmin):  # type: ignore[type-arg]
    """An admin that answers 404 for a row that is not in its queryset."""

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> models.Model:
        if not self.has_view_permission(request):
            raise PermissionDenied
        # Django redirects to the index if the row is not in the queryset. Give 404 instead.
        found: models.Model | None = super().get_object(request, object_id, from_field)
        if found is None:
            raise Http404("There is no such thing, or it is not yours.")
        return found


class OfOwnVenues(HidesOthers):
    """Rows of other venues do not exist here: not in lists, pages, choices, buttons or counts."""

    venue_lookup: ClassVar[str] = "venue"
    """How a row's venue is reached from it."""

    act: ClassVar[Act] = Act.DESK
    """What these pages are for. Pages are 403 for a caller whose role allows the act nowhere."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request) and super().has_view_permission(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._may(request) and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request) and super().has_delete_permission(request, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        if is_administrator(request):
            return rows
        return rows.filter(**{f"{self.venue_lookup}__in": venues_of(request, self.act)})

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            # Nobody should delete a category in passing, from the page of one of its units.
            field.widget.can_delete_related = False
        return field

    def formfield_for_foreignkey(
        self, db_field: "ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField | None:  # type: ignore[type-arg]
        kwargs.update(_choices(db_field.related_model, venues_of(request, self.act), one=True))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(
        self, db_field: "ManyToManyField[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> forms.ModelMultipleChoiceField | None:  # type: ignore[type-arg]
        kwargs.update(_choices(db_field.related_model, venues_of(request, self.act), one=False))
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def _may(self, request: HttpRequest) -> bool:
        return permissions.may_somewhere(known(request), self.act)


class OfOwnPartners(HidesOthers):
    """An admin of partners. Managers read those whose keys they may issue."""

    partner_lookup: ClassVar[str] = "partner"
    """The path from a row to its partner, in Django's notation."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return (
            super()
            .get_queryset(request)
            .filter(**{f"{self.partner_lookup}__in": partners_of(request)})
        )

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may_see_keys(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_see_keys(request)


def may_see_keys(request: HttpRequest) -> bool:
    """True when the caller may issue keys at some venue."""
    return permissions.may_somewhere(known(request), Act.KEYS)


class OwnVenueFilter(admin.RelatedFieldListFilter):
    """Filters by the caller's venues. Hidden if the caller has only one."""

    def field_choices(
        self, field: Any, request: HttpRequest, model_admin: Any
    ) -> list[tuple[str, Any]]:
        act = model_admin.act
        return [(str(venue.pk), venue.name) for venue in venues_of(request, act)]


class OwnPartnerFilter(admin.RelatedFieldListFilter):
    """Filters by the partners whose keys the caller may issue."""

    def field_choices(
        self, field: Any, request: HttpRequest, model_admin: Any
    ) -> list[tuple[str, Any]]:
        return [(str(partner.pk), partner.name) for partner in partners_of(request)]


class OfVenueField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A choice of one row of several venues. The label names the venue."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.venue} · {obj}"


class OfVenuesField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """A choice of several rows of several venues. The label names the venue."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.venue} · {obj}"


def _choices(model: Any, venues: QuerySet[Venue], *, one: bool) -> dict[str, Any]:
    if model is Venue:
        return {"queryset": venues}
    rows = model.objects.filter(venue__in=venues).select_related("venue")
    rows = rows.order_by(Alphabetical("venue__name"), *model._meta.ordering)
    return {"queryset": rows, "form_class": OfVenueField if one else OfVenuesField}
