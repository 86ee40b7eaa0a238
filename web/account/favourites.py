"""The pages of favourite venues."""

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from guests import accounts
from guests.models import User
from venues.models import Venue
from web.account.onward import onward
from web.account.pages import page_of


@require_POST
def mark(request: HttpRequest, slug: str) -> HttpResponse:
    """Adds or removes a favourite. For HTMX it renders the button only.

    Redirects guests who are not logged in to the log-in.
    """
    venue = get_object_or_404(Venue, slug=slug, is_active=True)
    there = reverse("web:venue", args=[slug])
    if not isinstance(request.user, User):
        return redirect_to_login(there)
    is_marked = request.POST.get("mark") == "yes"
    change = accounts.mark_favourite if is_marked else accounts.unmark_favourite
    change(request.user, venue.pk)
    if request.headers.get("HX-Request"):
        return render(request, "web/parts/favourite.html", {"venue": venue, "is_new": True})
    after = onward(request)
    return redirect(there if after == reverse("web:home") else after)


@login_required
@require_safe
def favourites(request: HttpRequest) -> HttpResponse:
    """Lists the favourite venues, newest first."""
    assert isinstance(request.user, User)
    marked = request.user.favourites.select_related("venue").filter(venue__is_active=True)
    return render(request, "web/account/favourites.html", {"page": page_of(marked, request)})
