"""The admin of people, partners and API keys. Administrators only."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, AdminUserCreationForm
from django.contrib.auth.models import Group
from django.db import transaction
from django.http import HttpRequest
from django.urls import URLPattern, path

from desk.lists import partner_keys
from guests import accounts, keys
from guests.emails import fold
from guests.models import Partner, PartnerKey, User
from guests.scopes import SCOPES

# Roles say what a person may do. Groups of permissions would be a second answer.
admin.site.unregister(Group)


class NewUserForm(AdminUserCreationForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("email",)

    def clean_email(self) -> str:
        return fold(self.cleaned_data["email"])


class PasswordForm(AdminPasswordChangeForm):  # type: ignore[type-arg]
    """Sets a password and logs the person out everywhere."""

    def save(self, commit: bool = True) -> User:  # noqa: FBT001, FBT002 - Django's signature
        """Saves the password and ends all log-ins of the person."""
        user: User = super().save(commit)
        accounts.log_out_everywhere(user)
        return user


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]
    """The admin of people. Clear `is_active` to close an account. Erasure is an operation of the
    API.
    """

    add_form = NewUserForm
    change_password_form = PasswordForm
    add_fieldsets = ((None, {"fields": ("email", "usable_password", "password1", "password2")}),)
    fieldsets = (
        (None, {"fields": ("email", "password", "is_active")}),
        ("What they may do", {"fields": ("role", "staff_venues")}),
        ("Contact", {"fields": ("first_name", "last_name", "phone", *accounts.PREFERENCES)}),
        ("Dates", {"fields": ("created_at", "last_login")}),
    )
    readonly_fields = ("created_at", "last_login")
    list_display = ("email", "first_name", "last_name", "role", "is_active", "created_at")
    list_filter = ("role", "is_active", "staff_venues")
    search_fields = ("email", "first_name", "last_name", "phone")
    filter_horizontal = ("staff_venues",)
    ordering = ("email",)

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
        fields = ("slug", "name", "scopes", "has_all_venues", "venues", "rate", "is_active")


KEY_FACTS = ("prefix", "created_at", "created_by", "expires_at", "revoked_at", "last_used_at")


class KeyInline(admin.TabularInline):  # type: ignore[type-arg]
    model = PartnerKey
    fields = readonly_fields = KEY_FACTS
    show_change_link = True
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Partner)
class PartnerAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The admin of partners. A button issues a key, on a page that shows it once."""

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
class PartnerKeyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The admin of API keys, to read only. Buttons rotate and revoke. The digest is not shown."""

    fields = ("partner", *KEY_FACTS)
    list_display = ("prefix", "partner", "created_at", "expires_at", "revoked_at", "last_used_at")
    list_filter: ClassVar = ["partner", ("revoked_at", admin.EmptyFieldListFilter)]
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
