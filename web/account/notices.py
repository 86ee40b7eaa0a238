"""The page on which a person says what they want to be told, when and by what."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from guests.errors import ContactInvalid
from guests.form_fields import text_field
from guests.models import User
from notices import preferences
from notices.models.delivery import Channel
from notices.scheduled import time_zones as zones
from venues import time_zones
from web.account.forms import Told, evening_field


class NoticesForm(Told):
    reminders = forms.BooleanField(
        label=gettext_lazy("Remind me before my reservations"), required=False
    )
    monthly_report = forms.BooleanField(
        label=gettext_lazy("Send me a report of my parking each month"), required=False
    )
    evening_at = evening_field()
    evening_channel = forms.ChoiceField(
        label=gettext_lazy("Send the evening word by"),
        choices=[
            (Channel.MAIL, gettext_lazy("E-mail")),
            (Channel.CHAT, gettext_lazy("Google Chat")),
            (Channel.SMS, gettext_lazy("Text message")),
        ],
    )
    chat_url = text_field(
        label=gettext_lazy("Google Chat webhook"),
        required=False,
        max_length=400,
        help_text=gettext_lazy("In your space: Apps & integrations, Webhooks. Copy its address."),
        widget=forms.TextInput(attrs={"type": "url", "autocomplete": "off"}),
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language of letters"),
        required=False,
        choices=[("", gettext_lazy("As you booked")), *settings.LANGUAGES],
    )
    time_zone = forms.ChoiceField(label=gettext_lazy("Time zone"), required=False)

    def __init__(self, *args: Any, usual_zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        usual = _("Where you parked last (%(zone)s)") % {"zone": usual_zone}
        names = [(name, name) for name in sorted(time_zones.time_zones())]
        field = self.fields["time_zone"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", usual), *names]


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def my_notices(request: HttpRequest) -> HttpResponse:
    """Shows and changes reminders, report and evening word."""
    user = request.user
    assert isinstance(user, User)
    form = NoticesForm(
        request.POST if request.method == "POST" else None,
        initial=preferences.stated(user),
        usual_zone=zones.name_of(user),
    )
    if request.method == "POST" and form.is_valid():
        try:
            preferences.change(user, form.cleaned_data)
        except ContactInvalid as fault:
            form.tell(fault.errors)
            user.refresh_from_db()
        else:
            messages.success(request, _("Saved."))
            return redirect("web:my_notices")
    return render(request, "web/account/my_notices.html", {"form": form})
