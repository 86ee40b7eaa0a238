"""Where a provider sends the guest back to: settles what it can, and leads on."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from payments import settling
from payments.models import Checkout
from web.reservations.card_payments import CAME_BACK


@never_cache
@require_safe
def back(request: HttpRequest, key: str) -> HttpResponse:
    """Asks the provider what became of a payment, and redirects to where the guest came from.

    What fails here is left to the sweep. The key proves nothing: it only leads on.
    """
    checkout = Checkout.objects.filter(key=key).first()
    if checkout is None:
        raise Http404
    settling.attempt(checkout.pk)
    if checkout.return_url:
        # Judged as it was stored: ours, or an origin that settings name.
        return HttpResponseRedirect(checkout.return_url)
    payment = checkout.payments.select_related("reservation").order_by("pk")[0]
    page = reverse("web:reservation", args=[payment.reservation.code])
    return redirect(f"{page}?{CAME_BACK}=1")
