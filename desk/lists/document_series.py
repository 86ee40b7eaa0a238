"""The prefixes of a venue's receipts, invoices and credit notes, on the page of the venue."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from desk.uncut import Uncut
from payments.models import DocumentKind, Series


class SeriesForm(forms.ModelForm):  # type: ignore[type-arg]
    """A prefix; fixed once a document is issued by it."""

    class Meta:
        model = Series
        fields = ("kind", "prefix")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.first_issued_at is not None:
            for field in self.fields.values():
                field.disabled = True


class SeriesInline(Uncut, admin.TabularInline):  # type: ignore[type-arg]
    """The series of a venue. One that is not chosen here gets a prefix from the slug."""

    model = Series
    form = SeriesForm
    fields = ("kind", "prefix")
    extra = 0
    max_num = len(DocumentKind)
    verbose_name_plural = _("prefixes of receipts and invoices")

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return False
