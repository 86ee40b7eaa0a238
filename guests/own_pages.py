"""Judges `next`: the page of this site that a form or link asks to go to afterwards."""

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

LONGEST = 2_000


def next_of(request: HttpRequest) -> str:
    """Returns `next` of the form, else of the query; "" if it is missing or not ours."""
    asked = request.POST.get("next") or request.GET.get("next") or ""
    return asked if is_own(asked) else ""


def is_own(address: str) -> bool:
    """Tells whether the address is a path from this site's root.

    Such a path leads nowhere else, and `redirect` never takes it for the name of a view.
    """
    return (
        address.startswith("/")
        and len(address) <= LONGEST
        and address.isprintable()
        and "\\" not in address
        and url_has_allowed_host_and_scheme(address, allowed_hosts=None)
    )
