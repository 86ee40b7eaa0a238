"""Pages for people; for now the one that says where everything is."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.views.decorators.http import require_safe

from venues.models import Venue


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The venues that can be reserved, and the ways to reserve them."""
    venues = Venue.objects.filter(is_active=True, is_listed=True)
    return render(request, "web/home.html", {"venues": venues})


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Browsers ask for it here on pages that name none, such as the admin and the API's docs."""
    return redirect(static("web/favicon.svg"), permanent=True)
