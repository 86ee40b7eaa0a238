"""How often one reservation may change state: counted, told, and held to with the cache away."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from django.core.cache import caches
from freezegun.api import FrozenDateTimeFactory
from pytest_django import DjangoAssertNumQueries, Settings

from config.redis.limit_counters import LimitCounters
from guests.models import User
from reservations.models import Event, Reservation
from tests.api.calling import Api, partner, person, problem, sitting, stay
from tests.api.redis_server import OwnRedis, free_port
from tests.factories import NOON, make_venue
from tests.guests.factories import PartnerFactory
from venues.models import Policy, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

POLICY = '"state";q=1;w=60'


@pytest.fixture
def path(guest: Api, hotel: Venue) -> str:
    return book(guest, hotel)


def book(caller: Api, venue: Venue, **changes: Any) -> str:
    body = stay(venue, **changes) if venue.mode == "night" else sitting(venue, **changes)
    made = caller.post("/reservations", body)
    assert made.status_code == 201, made.content
    return f"/reservations/{made.json()['id']}"


def limited(answer: Any, *, wait: int) -> None:
    problem(answer, 429, "rate_limited")
    assert answer["Retry-After"] == str(wait)
    assert answer["RateLimit-Policy"] == POLICY
    assert answer["RateLimit"] == f'"state";r=0;t={wait}'


def test_a_second_change_within_the_minute_is_429(
    clock: FrozenDateTimeFactory, user: User, path: str
) -> None:
    assert person(user).post(f"{path}/confirm").status_code == 200
    clock.tick(timedelta(seconds=10))
    limited(person(user).post(f"{path}/cancel"), wait=50)
    assert person(user).get(path).json()["status"] == "upcoming"


@pytest.mark.parametrize(
    ("passed", "wait"),
    [(0, 60), (0.2, 60), (0.999, 60), (1, 59), (59, 1), (59.001, 1), (59.999999, 1), (60, None)],
)
def test_retry_after_is_rounded_up_and_then_it_works(
    clock: FrozenDateTimeFactory, user: User, path: str, passed: float, wait: int | None
) -> None:
    person(user).post(f"{path}/confirm")
    clock.tick(timedelta(seconds=passed))
    answer = person(user).post(f"{path}/cancel")
    if wait is None:
        assert answer.status_code == 200
    else:
        limited(answer, wait=wait)
        clock.tick(timedelta(seconds=wait))
        assert person(user).post(f"{path}/cancel").status_code == 200


def test_a_change_tells_the_rate_and_what_is_left(
    guest: Api, path: str, clock: FrozenDateTimeFactory
) -> None:
    answer = guest.post(f"{path}/confirm")
    assert answer["RateLimit-Policy"] == POLICY
    assert answer["RateLimit"] == '"state";r=0;t=60'
    clock.tick(timedelta(seconds=30.5))
    assert guest.post(f"{path}/confirm")["RateLimit"] == '"state";r=0;t=30'


def test_another_reservation_is_unaffected(guest: Api, hotel: Venue, path: str) -> None:
    other = book(guest, hotel)
    assert guest.post(f"{path}/confirm").status_code == 200
    assert guest.post(f"{other}/confirm").status_code == 200
    assert guest.post(f"{other}/cancel").status_code == 429


def test_a_repeat_is_200_and_is_not_counted(
    clock: FrozenDateTimeFactory, user: User, path: str
) -> None:
    for _ in range(5):
        assert person(user).post(f"{path}/confirm").status_code == 200
    clock.tick(timedelta(seconds=60))
    assert person(user).post(f"{path}/confirm").status_code == 200
    assert person(user).post(f"{path}/cancel").status_code == 200


def test_what_is_refused_is_not_counted(guest: Api, stranger: Api, path: str) -> None:
    problem(stranger.post(f"{path}/confirm"), 404, "not_found")
    problem(guest.post(f"{path}/check-in"), 403, "forbidden")
    problem(guest.patch(path, {"remarks": "x"}, If_Match='"0"'), 412, "precondition_failed")
    problem(guest.post(f"{path}/check-out"), 403, "forbidden")
    assert guest.post(f"{path}/confirm").status_code == 200


def test_wrong_status_is_not_counted(desk: Api, hotel: Venue) -> None:
    acme = partner(PartnerFactory.create(slug="acme", venues=[hotel]))
    path = book(acme, hotel)
    problem(acme.post(f"{path}/check-out"), 409, "wrong_status")
    assert acme.post(f"{path}/confirm").status_code == 200


def test_creating_and_changing_are_not_counted(guest: Api, path: str) -> None:
    for text in "abc":
        answer = guest.patch(path, {"remarks": text})
        assert answer.status_code == 200
        assert "RateLimit" not in answer
    assert guest.post(f"{path}/confirm").status_code == 200


def test_creating_that_confirms_at_once_is_not_counted(
    guest: Api, clock: FrozenDateTimeFactory
) -> None:
    venue = make_venue("parking")
    Policy.objects.update(state_change_rate="1/m")
    assert guest.post(f"{book(guest, venue)}/cancel").status_code == 200


def test_staff_are_exempt_and_told_of_no_rate(desk: Api, administrator: Api, path: str) -> None:
    for caller, verb in ((desk, "confirm"), (administrator, "cancel")):
        answer = caller.post(f"{path}/{verb}")
        assert answer.status_code == 200
        assert "RateLimit" not in answer


def test_what_staff_do_does_not_count_against_the_guest(guest: Api, desk: Api, path: str) -> None:
    desk.post(f"{path}/confirm")
    assert guest.post(f"{path}/cancel").status_code == 200


def test_partners_are_limited_like_guests(hotel: Venue) -> None:
    acme = partner(PartnerFactory.create(slug="acme", venues=[hotel]))
    path = book(acme, hotel)
    assert acme.post(f"{path}/confirm").status_code == 200
    limited(acme.post(f"{path}/cancel"), wait=60)


def test_guest_and_partner_credentials_share_no_way_round(
    guest: Api, user: User, path: str
) -> None:
    guest.post(f"{path}/confirm")
    limited(person(user).post(f"{path}/cancel"), wait=60)


def test_parking_allows_occupying_then_releasing(clock: FrozenDateTimeFactory, user: User) -> None:
    path = book(person(user), make_venue("parking"))
    clock.move_to(NOON)
    for verb in ("check-in", "check-out"):
        answer = person(user).post(f"{path}/{verb}")
        assert answer.status_code == 200
        assert answer["RateLimit-Policy"] == '"state";q=10;w=60'
    assert answer["RateLimit"] == '"state";r=8;t=60'


@pytest.mark.parametrize(("rate", "wait"), [("1/s", 1), ("1/h", 3600), ("1/d", 86_400)])
def test_a_venue_may_have_a_rate_of_its_own(
    clock: FrozenDateTimeFactory, user: User, hotel: Venue, path: str, rate: str, wait: int
) -> None:
    Policy.objects.update(state_change_rate=rate)
    person(user).post(f"{path}/confirm")
    answer = person(user).post(f"{path}/cancel")
    assert (answer.status_code, answer["Retry-After"]) == (429, str(wait))
    clock.tick(timedelta(seconds=wait))
    assert person(user).post(f"{path}/cancel").status_code == 200


def test_a_deployment_may_have_a_rate_of_its_own(guest: Api, path: str, settings: Settings) -> None:
    settings.STATE_CHANGE_RATE = "2/m"
    assert guest.post(f"{path}/confirm").status_code == 200
    assert guest.post(f"{path}/cancel").status_code == 200


def test_over_the_rate_the_lock_is_not_asked_for(
    guest: Api, path: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    guest.post(f"{path}/confirm")
    headers = guest.credentials()
    guest.credentials = lambda: headers
    # Its owner, the reservation, its changes; and once more whether it is a repeat.
    with django_assert_max_num_queries(4) as asked:
        limited(guest.post(f"{path}/cancel"), wait=60)
    assert not any("FOR " in query["sql"] for query in asked.captured_queries)


def test_only_the_changes_that_count_are_marked(guest: Api, desk: Api, path: str) -> None:
    guest.patch(path, {"remarks": "x"})
    guest.post(f"{path}/confirm")
    desk.post(f"{path}/cancel")
    marked = Event.objects.filter(is_limited=True)
    assert [event.name for event in marked] == ["reservation.confirmed"]


@pytest.fixture
def redis(tmp_path: Path, settings: Settings) -> Iterator[OwnRedis]:
    """Counters in a Redis that the test may stop."""
    if which("redis-server") is None:
        pytest.skip("needs redis-server")
    server = OwnRedis(tmp_path)
    server.start()
    # What the process knows is of another server.
    LimitCounters._known.clear()
    settings.CACHES = caches_at(server.url)
    yield server
    server.stop()


def caches_at(url: str) -> dict[str, Any]:
    """Caches as settings/cache.py makes them, at another address."""
    options = {"SOCKET_CONNECT_TIMEOUT": 0.2, "SOCKET_TIMEOUT": 0.2, "IGNORE_EXCEPTIONS": False}
    backend = "config.redis.limit_counters.LimitCounters"
    name = {"BACKEND": backend, "LOCATION": url, "KEY_PREFIX": "limits", "OPTIONS": options}
    return {"default": name, "ratelimit": name}


def test_with_redis_stopped_in_the_middle_the_limit_holds(
    clock: FrozenDateTimeFactory, user: User, hotel: Venue, path: str, redis: OwnRedis
) -> None:
    assert person(user).post(f"{path}/confirm").status_code == 200
    redis.stop()
    limited(person(user).post(f"{path}/cancel"), wait=60)
    other = book(person(user), hotel)
    assert person(user).post(f"{other}/confirm").status_code == 200
    limited(person(user).post(f"{other}/cancel"), wait=60)
    clock.tick(timedelta(seconds=60))
    assert person(user).post(f"{path}/cancel").status_code == 200


def test_with_redis_back_the_counters_count_again_without_a_restart(
    clock: FrozenDateTimeFactory, user: User, hotel: Venue, path: str, redis: OwnRedis
) -> None:
    redis.stop()
    assert person(user).post(f"{path}/confirm").status_code == 200
    redis.start()
    # Counters that were away are asked again after a pause.
    clock.tick(timedelta(seconds=6))
    limited(person(user).post(f"{path}/cancel"), wait=54)
    other = book(person(user), hotel)
    assert person(user).post(f"{other}/confirm").status_code == 200
    assert len(caches["ratelimit"].keys("*")) == 2  # type: ignore[attr-defined]


def test_with_nobody_at_the_address_of_the_cache_everything_answers(
    clock: FrozenDateTimeFactory, user: User, hotel: Venue, settings: Settings
) -> None:
    settings.CACHES = caches_at(f"redis://127.0.0.1:{free_port()}/0")
    path = book(person(user), hotel)
    assert person(user).post(f"{path}/confirm").status_code == 200
    limited(person(user).post(f"{path}/cancel"), wait=60)
    clock.tick(timedelta(seconds=60))
    assert person(user).post(f"{path}/cancel").status_code == 200


def test_a_cache_that_forgot_everything_makes_no_hole(
    guest: Api, path: str, settings: Settings
) -> None:
    guest.post(f"{path}/confirm")
    forgetful = settings.CACHES["ratelimit"] | {"KEY_PREFIX": "empty"}
    settings.CACHES = settings.CACHES | {"ratelimit": forgetful}
    limited(guest.post(f"{path}/cancel"), wait=60)


def test_a_counter_that_counted_too_much_refuses_nobody(
    clock: FrozenDateTimeFactory, user: User, path: str
) -> None:
    """The counters may be of another database, as after a restore; the rows are the judge."""
    person(user).post(f"{path}/confirm")
    Event.objects.update(is_limited=False)
    assert person(user).post(f"{path}/cancel").status_code == 200
    assert Reservation.objects.get().cancelled_at is not None
