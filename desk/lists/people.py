"""The admin of people, partners and API keys. Administrators only, but managers issue keys."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path

from desk.context import caller_of
from desk.lists import partner_keys
from desk.lists.confirmed import ChangedPersonForm, GuardedPeople, PasswordForm
from desk.scoping import Alphabet, OfOwnPartners, OwnPartnerFilter, may_see_keys
from desk.uncut import Uncut
from desk.viewed import ViewedList
from guests import accounts, audit, keys
from guests.addresses import address_of
from guests.emails import fold
from guests.models import Partner, PartnerKey, User, VenueRole
from guests.scopes import SCOPES
from notices import opt_outs
from reservations.corrections import addresses
from spelling import search_filter

# Roles say what a person may do. Groups of permissions would be a second answer.
admin.site.unregister(Group)


class NewUserForm(AdminUserCreationForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("email",)

    def clean_email(self) -> str:
        return fold(self.cleaned_data["email"])


class VenueRoleInline(Uncut, admin.TabularInline):  # type: ignore[type-arg]
    """The roles of a person at venues. Administrators need none."""

    model = VenueRole
    fields = ("venue", "role")
    verbose_name = "role at a venue"
    verbose_name_plural = "roles at venues"
    extra = 1


@admin.register(User)
class UserAdmin(GuardedPeople, Uncut, Alphabet, ViewedList, DjangoUserAdmin):  # type: ignore[type-arg]
    """The admin of people. Clear `is_active` to close an account. Erasure is an operation of the
    API.
    """

    viewed_as = "people"
    form = ChangedPersonForm
    add_form = NewUserForm
    change_user_password_template = "admin/guests/user/change_password.html"  # noqa: S105 - a page
    change_password_form = PasswordForm
    add_fieldsets = ((None, {"fields": ("email", "usable_password", "password1", "password2")}),)
    fieldsets = (
        (None, {"fields": ("email", "your_password", "password", "is_active")}),
        ("What they may do", {"fields": ("role",)}),
        ("Contact", {"fields": ("first_name", "last_name", "phone", *accounts.PREFERENCES)}),
        ("Dates", {"fields": ("created_at", "last_login")}),
    )
    readonly_fields = ("created_at", "last_login")
    list_display = ("email", "first_name", "last_name", "role", "is_active", "created_at")
    list_filter = ("role", "is_active", "staff_venues")
    search_fields = ("email", "first_name", "last_name", "phone")
    filter_horizontal = ()
    ordering = ("email",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return search_filter.containing(queryset, search_term), False

    def get_inlines(self, request: HttpRequest, obj: User | None) -> Any:
        return (VenueRoleInline,) if obj else ()

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Saves a person. Their reservations follow another address, and what they want no more."""
        super().save_model(request, obj, form, change)
        if change and getattr(form, "is_moved", False):
            addresses.follow(obj.pk, before=form.old, after=obj.email, by=caller_of(request))
            opt_outs.keep(obj, before=form.old)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Saves roles at venues, and writes the audit line of a role that changed."""
        super().save_related(request, form, formsets, change)
        person: User = form.instance
        if "role" in form.changed_data or any(rows.has_changed() for rows in formsets):
            held = person.venue_roles.order_by("venue__slug").values_list("venue__slug", "role")
            audit.note(
                "role.changed",
                by=f"user:{request.user.pk}",
                place=address_of(request),
                about=f"user:{person.pk}",
                role=person.role,
                at=" ".join(f"{slug}:{role}" for slug, role in held),
            )
        if person.role == User.Role.GUEST and person.venue_roles.exists():
            messages.warning(request, f"{person} is no staff: the roles at venues have no effect.")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class PartnerForm(forms.ModelForm):  # type: ignore[type-arg]
    scopes = forms.MultipleChoiceField(
        choices=[(scope, scope) for scope in SCOPES],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    class Meta:
        model = Partner
        fields = (
            "slug", "name", "email", "scopes", "has_all_venues", "venues", "rate",
            "notifies_guests", "is_active",
        )  # fmt: skip


KEY_FACTS = ("prefix", "created_at", "created_by", "expires_at", "revoked_at", "last_used_at")


class KeyInline(Uncut, admin.TabularInline):  # type: ignore[type-arg]
    model = PartnerKey
    fields = readonly_fields = KEY_FACTS
    show_change_link = True
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_see_keys(request)


@admin.register(Partner)
class PartnerAdmin(OfOwnPartners):
    """The admin of partners. A button issues a key, on a page that shows it once."""

    partner_lookup = "pk"
    form = PartnerForm
    inlines = (KeyInline,)
    list_display = ("slug", "name", "is_active", "has_all_venues", "rate")
    list_filter = ("is_active",)
    search_fields = ("slug", "name")
    filter_horizontal = ("venues",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        # Reservations store the slug of the partner that made them.
        return ("slug",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_related(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().save_related(request, *args, **kwargs)
        transaction.on_commit(keys.forget)

    def get_urls(self) -> list[URLPattern]:
        issue = staff_member_required(partner_keys.issue)
        return [
            path("<int:partner_id>/issue-key/", issue, name="guests_partner_issue_key"),
            *super().get_urls(),
        ]


@admin.register(PartnerKey)
class PartnerKeyAdmin(OfOwnPartners):
    """The admin of API keys, to read only. Buttons rotate and revoke. The digest is not shown."""

    fields = ("partner", *KEY_FACTS)
    list_display = ("prefix", "partner", "created_at", "expires_at", "revoked_at", "last_used_at")
    list_filter: ClassVar = [
        ("partner", OwnPartnerFilter),
        ("revoked_at", admin.EmptyFieldListFilter),
    ]
    list_select_related = ("partner",)
    search_fields = ("prefix", "partner__slug")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        rotate = staff_member_required(partner_keys.rotate)
        revoke = staff_member_required(partner_keys.revoke)
        return [
            path("<int:key_id>/rotate/", rotate, name="guests_partnerkey_rotate"),
            path("<int:key_id>/revoke/", revoke, name="guests_partnerkey_revoke"),
            *super().get_urls(),
        ]
