"""The region in which a person's phone number is read where no venue asks for it."""

from django.conf import settings
from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django.utils.translation import get_language

from guests import own_pages
from venues.models import Venue

OF_LANGUAGE = {"nl": "NL"}
"""Languages of one country mainly."""


def region_of(request: HttpRequest) -> str:
    """Returns the region: of the venue that the person comes from, else of the language.

    Else it is DEFAULT_PHONE_REGION.
    """
    of_language = OF_LANGUAGE.get((get_language() or "")[:2], settings.DEFAULT_PHONE_REGION)
    return _of_venue(own_pages.next_of(request)) or of_language


def _of_venue(address: str) -> str:
    try:
        match = resolve(address.partition("?")[0])
    except Resolver404:
        return ""
    slug = match.kwargs.get("slug", "")
    regions = Venue.objects.filter(slug=slug).values_list("phone_region", flat=True)
    return regions.first() or "" if slug else ""
