"""Limits the admin to the rows of the caller's venues. Administrators see all."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.db import models
from django.db.models import ForeignKey, ManyToManyField, QuerySet
from django.http import Http404, HttpRequest

from guests.models import User
from reservations.rules import permissions
from venues.models import Venue


def venues_of(request: HttpRequest) -> QuerySet[Venue]:
    """Returns the venues whose rows the caller may see and edit. Empty for guests."""
    user = request.user
    return permissions.venues_run_by(user) if isinstance(user, User) else Venue.objects.none()


def is_administrator(request: HttpRequest) -> bool:
    """Says whether the caller is an administrator."""
    return request.user.is_authenticated and request.user.is_superuser


class OfOwnVenues(admin.ModelAdmin):  # type: ignore[type-arg]
    """An admin that hides rows of other venues in lists, pages, choices, buttons and counts."""

    venue_lookup: ClassVar[str] = "venue"
    """The path from a row to its venue, in Django's notation."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        if is_administrator(request):
            return rows
        return rows.filter(**{f"{self.venue_lookup}__in": venues_of(request)})

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> models.Model:
        """Returns the row. Raises Http404 if there is none, or it is not the caller's."""
        # Django redirects to the index if the row is not in the queryset. Give 404 instead.
        found: models.Model | None = super().get_object(request, object_id, from_field)
        if found is None:
            raise Http404("There is no such thing, or it is not yours.")
        return found

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            # Nobody should delete a category in passing, from the page of one of its units.
            field.widget.can_delete_related = False
        return field

    def formfield_for_foreignkey(
        self, db_field: "ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField | None:  # type: ignore[type-arg]
        kwargs.update(_choices(db_field.related_model, request, one=True))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(
        self, db_field: "ManyToManyField[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> forms.ModelMultipleChoiceField | None:  # type: ignore[type-arg]
        kwargs.update(_choices(db_field.related_model, request, one=False))
        return super().formfield_for_manytomany(db_field, request, **kwargs)


class OwnVenueFilter(admin.RelatedFieldListFilter):
    """Filters by the caller's venues. Hidden if the caller has only one."""

    def field_choices(
        self, field: Any, request: HttpRequest, model_admin: Any
    ) -> list[tuple[str, Any]]:
        return [(str(venue.pk), venue.name) for venue in venues_of(request)]


class OfVenueField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A choice of one row of several venues. The label names the venue."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.venue} · {obj}"


class OfVenuesField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """A choice of several rows of several venues. The label names the venue."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.venue} · {obj}"


def _choices(model: Any, request: HttpRequest, *, one: bool) -> dict[str, Any]:
    if model is Venue:
        return {"queryset": venues_of(request)}
    rows = model.objects.filter(venue__in=venues_of(request)).select_related("venue")
    rows = rows.order_by("venue__name", *model._meta.ordering)
    return {"queryset": rows, "form_class": OfVenueField if one else OfVenuesField}
