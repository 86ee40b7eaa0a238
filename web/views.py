"""Pages for people; for now the one that says where everything is."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from venues.models import Venue


def home(request: HttpRequest) -> HttpResponse:
    """The venues that can be reserved, and the ways to reserve them."""
    venues = Venue.objects.filter(is_active=True)
    return render(request, "web/home.html", {"venues": venues})
