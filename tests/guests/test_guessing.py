"""Guessing passwords: how many are told, with the counters away, at once, in every spelling."""

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import chain

import pytest
from django.contrib.auth import authenticate
from django.http import HttpRequest
from freezegun import freeze_time
from pytest_django import DjangoAssertNumQueries, Settings

from guests import log_in_limit, rate_counters
from guests.errors import CredentialsInvalid, TooManyFailures
from guests.models import Tally, User
from tests.guests.factories import PASSWORD, UserFactory
from tests.guests.races import race

pytestmark = pytest.mark.django_db

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _three_a_minute(settings: Settings) -> None:
    settings.LOGIN_FAILURE_RATE = "3/m"
    settings.LOGIN_FAILURES_PER_PLACE = "0"


def wrong() -> User:
    raise CredentialsInvalid


def right() -> User:
    return User(pk=1)


def guess(verify: object = wrong, email: str = "ada@example.com", place: str = "here") -> str:
    """`right`, `wrong`, or `held back`."""
    try:
        log_in_limit.attempt(verify, email=email, place=place, door="api")  # type: ignore[arg-type]
    except TooManyFailures:
        return "held back"
    except CredentialsInvalid:
        return "wrong"
    return "right"


def test_the_rate_is_what_is_told_and_the_rest_is_held_back() -> None:
    assert [guess() for _ in range(5)] == ["wrong"] * 3 + ["held back"] * 2
    assert guess(right) == "held back"


def test_who_knows_the_password_is_never_counted() -> None:
    assert {guess(right) for _ in range(9)} == {"right"}
    assert not Tally.objects.exists()


@pytest.mark.parametrize(
    ("seconds", "outcome"), [(0, "held back"), (59, "held back"), (60, "wrong"), (61, "wrong")]
)
def test_a_window_ends_on_the_second(seconds: int, outcome: str) -> None:
    with freeze_time(NOON):
        assert [guess() for _ in range(3)] == ["wrong"] * 3
    with freeze_time(NOON + timedelta(seconds=seconds)):
        assert guess() == outcome


def test_being_held_back_does_not_lengthen_the_wait() -> None:
    for second in range(0, 60, 5):
        with freeze_time(NOON + timedelta(seconds=second)):
            guess()
    with freeze_time(NOON + timedelta(seconds=60)):
        assert guess() == "wrong"


def test_what_is_told_of_the_wait_is_true() -> None:
    with freeze_time(NOON):
        for _ in range(3):
            guess()
    with freeze_time(NOON + timedelta(seconds=20.5)):
        with pytest.raises(TooManyFailures) as refusal:
            log_in_limit.attempt(right, email="ada@example.com", place="here", door="api")
        allowance = refusal.value.allowance
        assert allowance is not None
        assert (allowance.left, allowance.retry_after) == (0, 40)


@pytest.mark.parametrize("spelling", ["ADA@example.com", " ada@example.com ", "ada@EXAMPLE.com"])
def test_another_spelling_is_the_same_address(spelling: str) -> None:
    for _ in range(3):
        guess()
    assert guess(email=spelling) == "held back"


def test_another_address_and_another_place_count_apart() -> None:
    for _ in range(3):
        guess()
    assert guess(email="bob@example.com") == "wrong"
    assert guess(place="elsewhere") == "wrong"


def test_a_clock_that_was_put_right_holds_nobody_back_for_long() -> None:
    with freeze_time(NOON + timedelta(days=3)):
        for _ in range(3):
            guess()
    with freeze_time(NOON):
        assert guess() == "wrong"


def test_a_clock_a_moment_behind_does_not_forget_what_another_counted() -> None:
    with freeze_time(NOON + timedelta(seconds=1)):
        for _ in range(3):
            guess()
    with freeze_time(NOON):
        assert guess() == "held back"


def test_neither_address_nor_place_is_kept() -> None:
    guess(email="secret-password", place="203.0.113.9")
    kept = str(list(Tally.objects.values()))
    assert "secret" not in kept and "203.0" not in kept


def test_counting_costs_little(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_max_num_queries(2):
        guess(right)


def test_old_counts_are_forgotten_a_batch_at_a_time() -> None:
    with freeze_time(NOON):
        for number in range(3):
            guess(email=f"{number}@example.com")
    with freeze_time(NOON + rate_counters.KEPT - timedelta(seconds=1)):
        assert rate_counters.forget_old(batch=2) == 0
    with freeze_time(NOON + rate_counters.KEPT):
        guess()
        assert rate_counters.forget_old(batch=2) == 2
        assert rate_counters.forget_old(batch=2) == 1
    assert Tally.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_sixteen_guesses_at_once_three_are_told() -> None:
    assert sorted(race(16, guess)) == ["held back"] * 13 + ["wrong"] * 3


@pytest.mark.django_db(transaction=True)
def test_of_640_guesses_by_sixteen_threads_exactly_as_many_are_told_as_the_limit_says(
    settings: Settings,
) -> None:
    settings.LOGIN_FAILURE_RATE = "100/d"
    outcomes = Counter(chain(*race(16, lambda: [guess() for _ in range(40)])))
    assert outcomes == {"wrong": 100, "held back": 540}


@pytest.mark.django_db(transaction=True)
def test_read_and_then_counted_without_the_lock_more_are_told() -> None:
    """The negative control: everybody reads before anybody counts."""
    Tally.objects.create(who="x", since=datetime.now(tz=UTC), count=0)
    everybody_has_read = threading.Barrier(6)

    def read_then_save() -> bool:
        row = Tally.objects.get(pk="x")
        everybody_has_read.wait(timeout=60)
        row.count += 1
        row.save(update_fields=["count"])
        return row.count <= 3

    assert sum(race(6, read_then_save)) > 3


def test_a_right_guess_among_too_many_is_not_told() -> None:
    """Fifteen others fail while it is looked at."""

    def slowly() -> User:
        for _ in range(3):
            guess()
        return right()

    assert guess(slowly) == "held back"


def page_log_in(password: str, place: str = "203.0.113.1") -> object:
    request = HttpRequest()
    request.META["REMOTE_ADDR"] = place
    return authenticate(request, username="ada@example.com", password=password)


def test_pages_hold_back_like_the_api_and_count_the_same() -> None:
    user = UserFactory.create(email="ada@example.com")
    assert page_log_in(PASSWORD) == user
    for _ in range(2):
        assert page_log_in("wrong") is None
    assert guess(place="203.0.113.1") == "wrong"
    with pytest.raises(TooManyFailures):
        page_log_in(PASSWORD)
    assert guess(right, place="203.0.113.1") == "held back"
    assert page_log_in(PASSWORD, place="203.0.113.2") == user


def test_a_closed_account_is_not_let_in_on_the_pages() -> None:
    UserFactory.create(email="ada@example.com", is_active=False)
    assert page_log_in(PASSWORD) is None
