"""The page of the fake provider, on which a guest tries out what can happen to a payment."""

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from payments import provider_events
from payments.models import FakeCharge
from payments.providers import registry
from payments.providers.fake import OUTCOMES, Fake, succeeded
from payments.providers.protocol import Found, Purpose


# It stands in for somebody else's site, which knows no session of ours. The address is the secret.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def fake_provider(request: HttpRequest, ref: str) -> HttpResponse:
    """Shows one form with a button for each outcome, and leads back after a press.

    404 where settings name no fake provider.
    """
    name, provider = _fake()
    charge = FakeCharge.objects.filter(ref=ref).first()
    if charge is None:
        raise Http404
    if request.method == "POST":
        outcome = request.POST.get("outcome", "")
        if outcome not in OUTCOMES:
            return render(request, "web/payments/fake_provider.html", _context(charge), status=422)
        pressed = provider.press(ref, outcome)
        if pressed.state != Found.OPEN:
            provider_events.store(name, [succeeded(ref)])
        return HttpResponseRedirect(charge.back_url, status=HTTPStatus.SEE_OTHER)
    return render(request, "web/payments/fake_provider.html", _context(charge))


def _fake() -> tuple[str, Fake]:
    for name in settings.PAYMENTS:
        provider = registry.provider(name)
        if isinstance(provider, Fake):
            return name, provider
    raise Http404


def _context(charge: FakeCharge) -> dict[str, Any]:
    return {
        "charge": charge,
        "is_waiting": charge.state == Found.OPEN and charge.succeeds_at is None,
        "is_guarantee": charge.purpose == Purpose.GUARANTEE,
        "late_seconds": settings.PAY_LATE_SECONDS,
    }
