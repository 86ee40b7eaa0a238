"""Example sites of other makers that embed our pages."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def smart_parking(request: HttpRequest) -> HttpResponse:
    """Shows a small site in plain JavaScript with its own log-in, which embeds the slots view."""
    return render(request, "web/examples/smart_parking.html", {"demo": settings.DEMO})
