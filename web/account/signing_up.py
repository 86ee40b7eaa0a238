"""The page that creates an account."""

from allauth.account.utils import perform_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from guests import accounts
from guests.addresses import address_of
from guests.errors import AlreadyRegistered, ContactInvalid, TooManySignUps
from guests.models import User
from notices import preferences
from web.account.forms import SignUpForm
from web.account.onward import onward
from web.account.regions import region_of


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    """Creates an account, logs the person in and returns to the page they came from.

    Answers 429 after too many sign-ups from one network.
    """
    after = onward(request)
    if request.user.is_authenticated:
        return redirect(after)
    form = SignUpForm(request.POST if request.method == "POST" else None)
    form.read_phone_in(region_of(request))
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            made = _made(request, form)
        except TooManySignUps as refusal:
            form.tell([("", refusal.detail)])
            status = 429
        else:
            if made is not None:
                answer: HttpResponse = perform_login(request, made, redirect_url=after)
                return answer
    return render(request, "web/account/sign_up.html", {"form": form, "next": after}, status=status)


@require_safe
def signed_out(request: HttpRequest) -> HttpResponse:
    """Shows the page after a log-out."""
    return render(request, "web/account/signed_out.html")


def _made(request: HttpRequest, form: SignUpForm) -> User | None:
    """Returns the new guest. None if the form has errors now. Raises TooManySignUps."""
    accounts.count_sign_up(address_of(request))
    fields = dict(form.cleaned_data)
    evening_at = fields.pop("evening_at", None)
    try:
        user = accounts.sign_up(**fields, region=region_of(request))
        return preferences.change(user, {"evening_at": evening_at}) if evening_at else user
    except ContactInvalid as fault:
        form.tell(fault.errors)
    except AlreadyRegistered as refusal:
        form.tell([("email", refusal.detail)])
    return None
