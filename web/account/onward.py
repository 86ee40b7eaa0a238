"""The page to go to next, if it is on this site."""

from django.http import HttpRequest
from django.urls import reverse

from guests import own_pages


def onward(request: HttpRequest, otherwise: str = "web:home") -> str:
    """Returns the address in `next`, or that of `otherwise` if `next` is missing or not ours."""
    return own_pages.next_of(request) or reverse(otherwise)
