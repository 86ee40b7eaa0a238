"""The same request twice makes one reservation and gets one answer, also at the same moment."""

from functools import partial
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from freezegun.api import FrozenDateTimeFactory

from guests import callers
from reservations import actions, clock, idempotency
from reservations.errors import InProgress, KeyReused, Taken
from reservations.idempotency import Answer, Once, Repeated
from reservations.models import Reservation, StoredAnswer
from tests.factories import DESK, NOON, booking, make_venue
from tests.guests.factories import UserFactory
from tests.guests.races import race
from tests.reservations.facts import DAY, SECOND
from venues.models import Venue

pytestmark = pytest.mark.usefixtures("frozen")


def rendered(made: Reservation) -> Answer:
    return Answer(201, f'{{"code": "{made.code}"}}', {"Location": f"/{made.pk}"})


def once(key: str = "k", *, caller: str = "user:1", body: str = "a") -> Once:
    return Once(caller=caller, key=key, fingerprint=body, render=rendered)


def book(venue: Venue, key: Once | None, **wish: Any) -> Reservation:
    return actions.hold(booking=booking(venue, **wish), by=DESK, once=key)


@pytest.mark.django_db
def test_a_repeat_gets_the_stored_answer_and_makes_nothing() -> None:
    venue = make_venue(units=2)
    made = book(venue, once())
    # The first answer was lost on its way; the client asks again.
    with pytest.raises(Repeated) as repeated:
        book(venue, once())
    assert repeated.value.answer == rendered(made)
    assert Reservation.objects.count() == 1


@pytest.mark.django_db
def test_the_same_key_with_another_body_is_refused() -> None:
    venue = make_venue(units=2)
    book(venue, once())
    with pytest.raises(KeyReused):
        book(venue, once(body="b"))
    assert Reservation.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("other", [once("l"), once(caller="user:2"), None])
def test_another_key_or_caller_or_none_makes_another(other: Once | None) -> None:
    venue = make_venue(units=2)
    book(venue, once())
    book(venue, other)
    assert Reservation.objects.count() == 2


@pytest.mark.django_db
def test_a_refusal_is_not_kept_and_the_key_may_be_tried_again() -> None:
    venue = make_venue()
    blocking = book(venue, None)
    with pytest.raises(Taken):
        book(venue, once())
    assert not StoredAnswer.objects.exists()
    actions.cancel(reservation_id=blocking.pk, by=DESK)
    assert book(venue, once()).pk


@pytest.mark.django_db
@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_answers_are_kept_for_their_time(frozen: FrozenDateTimeFactory, offset: int) -> None:
    book(make_venue(), once())
    frozen.tick(settings.IDEMPOTENCY_KEPT + offset * SECOND)
    assert idempotency.forget_old(clock.now()) == (0 if offset < 0 else 1)


@pytest.mark.django_db
@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_a_key_is_free_again_when_its_time_is_over_swept_or_not(
    frozen: FrozenDateTimeFactory, offset: int
) -> None:
    venue = make_venue(units=2)
    book(venue, once())
    frozen.tick(settings.IDEMPOTENCY_KEPT + offset * SECOND)
    if offset < 0:
        with pytest.raises(Repeated):
            book(venue, once(), start=NOON + DAY)
    else:
        assert book(venue, once(body="b"), start=NOON + DAY).pk


@pytest.mark.django_db
def test_an_answer_is_its_guests_and_goes_with_them() -> None:
    user = UserFactory.create()
    by = callers.for_user(user)
    mine = Once(caller=by.name, key="k", fingerprint="a", render=rendered, guest_id=user.pk)
    actions.hold(booking=booking(make_venue()), by=by, once=mine)
    assert StoredAnswer.objects.get().guest_id == user.pk
    Reservation.objects.update(guest=None)
    user.delete()
    assert not StoredAnswer.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("runners", [2, 8])
def test_the_same_key_at_the_same_moment_makes_one_and_tells_all_the_same(runners: int) -> None:
    venue = make_venue(units=3)
    for number in range(3):
        outcomes = race(runners, partial(book, venue, once(str(number))))
        (made,) = (one for one in outcomes if isinstance(one, Reservation))
        repeats = [one for one in outcomes if isinstance(one, Repeated)]
        assert len(repeats) == runners - 1
        assert {repeat.answer.body for repeat in repeats} == {rendered(made).body}
        assert Reservation.objects.count() == number + 1


@pytest.mark.django_db(transaction=True)
def test_the_same_key_at_the_same_moment_for_the_last_unit_is_no_refusal() -> None:
    venue = make_venue()
    outcomes = race(4, lambda: book(venue, once()))
    assert sorted(type(one).__name__ for one in outcomes) == ["Repeated"] * 3 + ["Reservation"]


@pytest.mark.django_db(transaction=True)
def test_the_same_key_with_two_bodies_at_the_same_moment_is_told_to_one() -> None:
    venue = make_venue(units=2)
    bodies = iter(["a", "b"])
    outcomes = race(2, lambda: book(venue, once(body=next(bodies))))
    assert sorted(type(one).__name__ for one in outcomes) == ["KeyReused", "Reservation"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_repeat_that_waits_too_long_is_told_to_come_back() -> None:
    venue = make_venue()

    def impatient() -> Reservation:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
        return book(venue, once())

    with transaction.atomic():
        idempotency.claim(once())
        (outcome,) = race(1, impatient)
    assert isinstance(outcome, InProgress)
