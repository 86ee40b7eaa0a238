"""Fields of the admin's own forms, which cut nothing that is pasted."""

from typing import Any

from django import forms
from django.db import models
from django.http import HttpRequest

from guests.form_fields import UncutField, with_limit


class Uncut:
    """A mixin for admins and inlines: too long a text is refused, and its limit stands beside it.

    A `maxlength` would drop the end of a name without a word.
    """

    def formfield_for_dbfield(
        self, db_field: "models.Field[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        if type(db_field) is models.CharField and not db_field.choices and not db_field.null:
            kwargs.setdefault("form_class", UncutField)
        field: forms.Field | None = super().formfield_for_dbfield(  # type: ignore[misc]
            db_field, request, **kwargs
        )
        if isinstance(field, forms.CharField):
            field.widget.attrs.pop("maxlength", None)
            if field.max_length and not isinstance(field, forms.EmailField):
                field.help_text = with_limit(field.help_text, field.max_length)
        return field
