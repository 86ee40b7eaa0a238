"""Pages of somebody else's making, in which ours appears: examples to copy from."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def smart_parking(request: HttpRequest) -> HttpResponse:
    """A small site of plain JavaScript with its own log-in, which the slots view is put into."""
    return render(request, "web/examples/smart_parking.html", {"demo": settings.DEMO})
