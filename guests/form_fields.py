"""Form fields for texts that people type: the browser cuts nothing, and the limit is said."""

import re
from collections.abc import Callable
from typing import Any

from django import forms
from django.utils.functional import lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from guests import accounts, phones
from spelling import texts

_AGE = re.compile(r"[0-9]{1,3}")
_APART = re.compile(r"[,;/&+]")

_LONGEST_SAID = 500
"""Characters. Longer limits are not said: nobody meets them."""


class UncutField(forms.CharField):
    """A text in its stored form. Too much of it is refused with a sentence, not cut.

    A `maxlength` would drop the end of what is pasted without a word.
    """

    def __init__(self, *, tidy: Callable[[str], str] = texts.clean, **options: Any) -> None:
        super().__init__(**options)
        self.tidy = tidy

    def to_python(self, value: Any) -> Any:
        """Returns the stored form, which is what is counted."""
        return self.tidy(str(super().to_python(value) or ""))

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Returns the attributes of the widget, without `maxlength`."""
        attrs = super().widget_attrs(widget)
        attrs.pop("maxlength", None)
        return attrs


def text_field(*, max_length: int, help_text: Any = "", **options: Any) -> UncutField:
    """Returns a field whose limit stands beside it."""
    said = with_limit(help_text, max_length)
    return UncutField(max_length=max_length, help_text=said, **options)


def with_limit(help_text: Any, most: int) -> Any:
    """Returns the help with the limit of characters, unless nobody meets a limit so large."""
    return _with_limit(help_text, most) if most <= _LONGEST_SAID else help_text


def name_field(
    *, label: Any, required: bool = True, help_text: Any = "", **options: Any
) -> UncutField:
    """Returns a field for a first or last name. The verb judges it, with all that is wrong."""
    return UncutField(
        label=label,
        required=required,
        help_text=_with_limit(help_text, accounts.LONGEST_NAME),
        error_messages={"required": _(accounts.ONE_NAME)},
        **options,
    )


def phone_field(*, label: Any, **options: Any) -> UncutField:
    """Returns a field for a phone number as people write it. The verb judges it."""
    return UncutField(label=label, tidy=phones.tidy, **options)


def email_field(*, label: Any, **options: Any) -> UncutField:
    """Returns a field for an e-mail address. The verb judges it."""
    return UncutField(label=label, **options)


def _limit(help_text: Any, most: int) -> str:
    said = gettext("At most %(most)s characters.") % {"most": most}
    if not help_text:
        return said
    stop = "" if str(help_text).endswith((".", "?", "!")) else "."
    return f"{help_text}{stop} {said}"


_with_limit = lazy(_limit, str)


class AgesField(forms.CharField):
    """The ages of several people in one text, such as `4, 9`. Its value is a tuple of years."""

    def __init__(self, *, oldest: int, most: int, **options: Any) -> None:
        super().__init__(required=False, **options)
        self.oldest, self.most = oldest, most

    def to_python(self, value: Any) -> Any:
        """Returns the ages. Raises ValidationError for what is none."""
        words = _APART.sub(" ", str(value or "")).split()
        ages = tuple(int(word) for word in words if _AGE.fullmatch(word))
        if len(ages) < len(words) or max(ages, default=0) > self.oldest:
            told = _("Give ages from 0 to %(oldest)d, with commas between them.")
            raise forms.ValidationError(told % {"oldest": self.oldest})
        if len(ages) > self.most:
            raise forms.ValidationError(_("Give at most %(most)d ages.") % {"most": self.most})
        return ages

    def prepare_value(self, value: Any) -> Any:
        """Returns the text that shows these ages; text stays as it was typed."""
        return value if isinstance(value, str) else ", ".join(str(age) for age in value or ())

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Tells whether other ages were given; how they are written does not count."""
        try:
            return bool(self.to_python(data) != tuple(initial or ()))
        except forms.ValidationError:
            return True
