"""Two forms at one instant: a time is sold once, and the other is told what there is instead."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from reservations.models import Event, Reservation
from tests.factories import make_venue
from tests.guests.races import race
from tests.reservations.facts import overlaps
from tests.web.browsing import booking_form, buttons, send, text

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("freezer")]


def at_once(acts: list[Callable[[], Any]]) -> list[Any]:
    pending = iter(acts)
    lock = threading.Lock()

    def next_one() -> Any:
        with lock:
            act = next(pending)
        return act()

    return race(len(acts), next_one)


def test_of_two_forms_for_one_unit_one_wins_and_the_other_is_offered_others() -> None:
    venue = make_venue("restaurant")
    browsers = [Client(), Client()]
    forms = [booking_form(browser, venue) for browser in browsers]

    def sending(number: int) -> Callable[[], Any]:
        return lambda: send(browsers[number], venue, forms[number])

    answers = at_once([sending(0), sending(1)])
    assert sorted(answer.status_code for answer in answers) == [302, 409]
    lost = next(answer for answer in answers if answer.status_code == 409)
    assert "Somebody else is holding this time just now" in text(lost)
    assert buttons(lost, "instead")
    assert Reservation.objects.count() == 1
    assert not list(overlaps())


def test_one_form_sent_twice_at_one_instant_makes_one_reservation() -> None:
    venue = make_venue("restaurant", units=2)
    browser = Client()
    form = booking_form(browser, venue)
    answers = at_once([lambda: send(browser, venue, form)] * 2)
    places = {answer.headers.get("Location") for answer in answers}
    assert [answer.status_code for answer in answers] == [302, 302]
    assert len(places) == 1
    assert Event.objects.filter(name="reservation.created").count() == 1
