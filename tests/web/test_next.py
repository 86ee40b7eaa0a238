"""Where `next` may lead: a path of this site; anything else is as if nothing was asked."""

import pytest
from django.http import HttpRequest, QueryDict
from django.test import Client
from django.urls import reverse

from guests.own_pages import is_own, next_of
from reservations.models import Allocation
from tests.admin.browsing import browser_of
from tests.factories import make_venue
from tests.guests.factories import StaffFactory, UserFactory

OURS = ["/", "/me/", "/?kind=parking", "/admin/today/?q=zoë", "/venues/x/book/?check_in=2027-03-01"]
NOT_OURS = [
    *("foo", "admin:today", "me/", "?q=x", "#x", ".", "http:/me/", "http://testserver/me/"),
    *("//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example"),
    *("https://evil.example/", "javascript:alert(1)", "/a\nb", "/a\0b", "/" + "x" * 2_000),
]


@pytest.mark.parametrize("address", OURS)
def test_a_path_of_this_site_is_ours(address: str) -> None:
    assert is_own(address)


@pytest.mark.parametrize("address", ["", *NOT_OURS])
def test_all_else_is_not(address: str) -> None:
    assert not is_own(address)


def test_the_form_says_it_before_the_address() -> None:
    request = HttpRequest()
    request.GET, request.POST = QueryDict("next=/me/"), QueryDict("next=/")
    assert next_of(request) == "/"


@pytest.mark.django_db
@pytest.mark.parametrize("address", NOT_OURS)
def test_a_closure_is_made_whatever_is_named_to_follow_it(address: str) -> None:
    venue = make_venue("hotel")
    desk = browser_of(StaffFactory.create(staff_venues=[venue]))
    times = {"starts_at": "2027-03-01T12:00", "ends_at": "2027-03-02T12:00"}
    units = {"units": [venue.resources.get().pk]}
    sent = {**times, **units, "reason": "paint", "next": address}
    answer = desk.post(reverse("admin:reservations_allocation_close"), sent)
    assert answer["Location"] == reverse("admin:reservations_allocation_changelist")
    assert Allocation.objects.filter(closure_id__isnull=False).count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["foo", "//evil.example"])
@pytest.mark.parametrize("page", ["/accounts/login/", "/accounts/signup/"])
def test_who_is_logged_in_already_is_led_home_instead(page: str, address: str) -> None:
    browser = Client()
    browser.force_login(UserFactory.create(), backend="config.page_log_in.HeldBack")
    assert browser.get(page, {"next": address})["Location"] in ("/", "/me/")


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["foo", "//evil.example"])
def test_choosing_a_venue_leads_to_today_instead(address: str) -> None:
    venue = make_venue("hotel")
    desk = browser_of(StaffFactory.create(staff_venues=[venue]))
    answer = desk.post(reverse("admin:choose_venue"), {"venue": venue.pk, "next": address})
    assert answer["Location"] == reverse("admin:today")
