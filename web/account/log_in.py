"""Logging in: the library's page, with our words and our limits."""

from typing import Any

from allauth.account.forms import LoginForm
from allauth.account.views import LoginView
from django import forms
from django.http import HttpResponse

from guests.errors import TooMany


class LogInForm(LoginForm):  # type: ignore[misc]  # allauth is untyped
    """`refusal` is the limit that was reached, if one was."""

    refusal: TooMany | None = None

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # An address that the browser cuts is another's.
        self.fields["login"].widget.attrs.pop("maxlength", None)
        # The page says below the form where to go without it.
        self.fields["password"].help_text = ""

    def clean(self) -> Any:
        try:
            return super().clean()
        except TooMany as refusal:
            self.refusal = refusal
            raise forms.ValidationError(refusal.detail) from None


class LogInPage(LoginView):  # type: ignore[misc]  # allauth is untyped
    """Answers 429 with the time to wait where a limit is reached, as the API does."""

    form_class = LogInForm

    def form_invalid(self, form: LogInForm) -> HttpResponse:
        answer: HttpResponse = super().form_invalid(form)
        if form.refusal is not None:
            answer.status_code = 429
            answer["Retry-After"] = str(form.refusal.retry_after)
        return answer
