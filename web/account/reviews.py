"""The pages that write, change and delete a review after a stay."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from guests.models import User
from reservations import clock, reviews
from reservations.errors import Invalid, NoStay
from venues.models import Venue
from web.account.forms import ReviewForm


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, slug: str) -> HttpResponse:
    """Shows and stores the person's review of a venue. Explains why, if they have not
    stayed there.
    """
    assert isinstance(request.user, User)
    venue = get_object_or_404(Venue, slug=slug, is_active=True)
    own = request.user.reviews.filter(venue=venue).first()
    before = {"stars": own.stars, "text": own.text} if own else None
    form = ReviewForm(request.POST if request.method == "POST" else None, initial=before)
    if request.method == "POST" and form.is_valid() and _written(request.user, venue, form):
        messages.success(request, _("Thank you for your review."))
        return redirect("web:venue", venue.slug)
    seen = reviews.reviewable(request.user, among=[venue.pk], at=clock.now())
    context = {"venue": venue, "form": form, "own": own, "may_review": venue.pk in seen}
    return render(request, "web/account/review.html", context)


@login_required
@require_POST
def withdraw(request: HttpRequest, slug: str) -> HttpResponse:
    """Deletes the person's review of a venue."""
    assert isinstance(request.user, User)
    venue = get_object_or_404(Venue, slug=slug)
    reviews.withdraw(user=request.user, venue_id=venue.pk)
    messages.success(request, _("Your review is deleted."))
    return redirect("web:venue", venue.slug)


def _written(user: User, venue: Venue, form: ReviewForm) -> bool:
    try:
        reviews.review(user=user, venue_id=venue.pk, **form.cleaned_data)
    except Invalid as fault:
        form.tell([(fault.field, fault.detail)])
    except NoStay as refusal:
        form.tell([("", refusal.detail)])
    return form.is_valid()
