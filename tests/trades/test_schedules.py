"""Schedules: blocks of a day entered all or none, and the slots that are open because of them."""

import itertools
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from freezegun.api import FrozenDateTimeFactory

from reservations.models import StoredAnswer
from tests.api.calling import Api, faults, problem
from tests.api.conftest import TODAY
from tests.factories import add_hours
from tests.guests.races import race
from tests.reservations.facts import DAY
from tests.trades.asking import block, made, open_for, starts
from venues.models import Opening, Resource, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

THURSDAY = "2027-02-04"
FRIDAY = "2027-02-05"


def local(caller: Api, provider: Resource, **params: Any) -> list[str]:
    """The starts of open slots as clocks show them, without date and offset."""
    answer = caller.get(f"/providers/{provider.pk}/slots", {"limit": 200} | params).json()
    return [slot["local_start"][11:16] for slot in answer["items"]]


def plain(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Blocks as they were sent, each of which has an id of its own."""
    assert len({one["id"] for one in blocks} - {None}) == len(blocks)
    return [{name: one[name] for name in ("date", "start", "end")} for one in blocks]


def in_zone(provider: Resource, name: str) -> None:
    Resource.objects.filter(pk=provider.pk).update(time_zone=name)


@pytest.mark.parametrize(
    ("blocks", "count"),
    [
        ([("08:00", "15:00")], 28),
        ([("08:00", "11:00"), ("12:00", "15:00")], 24),
        ([("12:00", "15:00"), ("08:00", "11:00")], 24),
        ([("08:00", "11:00"), ("11:00", "15:00")], 28),
        ([("08:00", "08:20"), ("08:20", "09:00")], 4),
        ([("08:00", "08:29")], 1),
        ([("00:00", "23:59")], 95),
        ([("00:00", "24:00")], 96),
        ([("22:00", "00:00")], 8),
    ],
)
def test_blocks_are_cut_into_quarters(
    desk: Api, guest: Api, provider: Resource, blocks: list[tuple[str, str]], count: int
) -> None:
    made(open_for(desk, provider.pk, *(block(THURSDAY, *times) for times in blocks)))
    assert len(starts(guest, provider.pk, date=THURSDAY)) == count


def test_several_days_are_entered_at_once(desk: Api, guest: Api, provider: Resource) -> None:
    answer = open_for(
        desk,
        provider.pk,
        block(FRIDAY, "09:00", "10:00"),
        block(THURSDAY, "12:00", "15:00"),
        block(THURSDAY, "08:00", "11:00"),
    )
    answered = made(answer)
    assert answered["time_zone"] == "Europe/Amsterdam"
    assert plain(answered["blocks"]) == [
        block(THURSDAY, "08:00", "11:00"),
        block(THURSDAY, "12:00", "15:00"),
        block(FRIDAY, "09:00", "10:00"),
    ]
    assert len(starts(guest, provider.pk)) == 24 + 4


def test_a_further_schedule_adds(desk: Api, guest: Api, provider: Resource) -> None:
    made(open_for(desk, provider.pk, block(THURSDAY, "08:00", "11:00")))
    answer = made(open_for(desk, provider.pk, block(THURSDAY, "12:00", "15:00")))
    assert [one["start"] for one in answer["blocks"]] == ["08:00", "12:00"]
    assert len(starts(guest, provider.pk, date=THURSDAY)) == 24


def test_a_schedule_adds_to_weekly_hours(
    practice: Venue, desk: Api, guest: Api, provider: Resource
) -> None:
    add_hours(practice, time(8), time(11), resource=provider)
    answer = made(open_for(desk, provider.pk, block(THURSDAY, "12:00", "15:00")))
    assert [one["start"] for one in answer["blocks"]] == ["08:00", "12:00"]
    assert len(starts(guest, provider.pk, date=THURSDAY)) == 24
    assert len(starts(guest, provider.pk, date=FRIDAY)) == 12


def test_a_day_that_was_closed_is_open_for_the_block_alone(
    practice: Venue, desk: Api, guest: Api, provider: Resource
) -> None:
    add_hours(practice, time(8), time(11), resource=provider)
    Opening.objects.create(venue=practice, resource=provider, date=date(2027, 2, 4))
    assert starts(guest, provider.pk, date=THURSDAY) == []
    made(open_for(desk, provider.pk, block(THURSDAY, "12:00", "13:00")))
    assert local(guest, provider, date=THURSDAY) == ["12:00", "12:15", "12:30", "12:45"]


def test_without_a_schedule_a_provider_is_closed(
    practice: Venue, guest: Api, provider: Resource
) -> None:
    add_hours(practice, time(8), time(18))
    assert starts(guest, provider.pk) == []
    body = {"provider_id": provider.pk, "starts_at": "2027-02-04T09:00:00Z"}
    problem(guest.post("/appointments", body), 409, "closed")


def test_one_providers_schedule_opens_nobody_else(
    practice: Venue, desk: Api, guest: Api, provider: Resource
) -> None:
    other = Resource.objects.create(
        venue=practice, category=practice.categories.get(), name="Dr. Bakker"
    )
    made(open_for(desk, provider.pk, block(THURSDAY, "08:00", "11:00")))
    assert starts(guest, other.pk) == []


@pytest.mark.parametrize(
    ("blocks", "at"),
    [
        ([(THURSDAY, "11:00", "08:00")], "blocks/0/end"),
        ([(THURSDAY, "08:00", "08:00")], "blocks/0/end"),
        ([(THURSDAY, "22:00", "02:00")], "blocks/0/end"),
        ([(THURSDAY, "08:00", "08:14")], "blocks/0/end"),
        ([(FRIDAY, "08:00", "09:00"), (THURSDAY, "23:50", "24:00")], "blocks/1/end"),
        ([(FRIDAY, "08:00", "09:00"), (THURSDAY, "11:00", "08:00")], "blocks/1/end"),
        ([(THURSDAY, "08:00", "11:00"), (THURSDAY, "10:59", "12:00")], "blocks/1"),
        ([(THURSDAY, "08:00", "11:00"), (THURSDAY, "08:00", "11:00")], "blocks/1"),
        ([(THURSDAY, "09:00", "10:00"), (THURSDAY, "08:00", "11:00")], "blocks/1"),
        ([(FRIDAY, "08:00", "09:00"), (THURSDAY, "14:00", "14:15")], "blocks/1"),
        ([(THURSDAY, "13:59", "15:01")], "blocks/0"),
    ],
)
@pytest.mark.parametrize("is_weekly", [True, False])
def test_a_reversed_or_overlapping_block_stores_nothing(
    practice: Venue,
    desk: Api,
    provider: Resource,
    blocks: list[tuple[str, str, str]],
    at: str,
    is_weekly: bool,
) -> None:
    # Open from two to three on that Thursday already.
    when: dict[str, Any] = {"weekday": 3} if is_weekly else {"date": date(2027, 2, 4)}
    Opening.objects.create(
        venue=practice, resource=provider, opens=time(14), closes=time(15), **when
    )
    answer = open_for(desk, provider.pk, *(block(*one) for one in blocks))
    assert list(faults(answer)) == [at]
    assert Opening.objects.count() == 1


def test_blocks_that_touch_do_not_overlap(desk: Api, provider: Resource) -> None:
    made(open_for(desk, provider.pk, block(THURSDAY, "08:00", "11:00")))
    made(
        open_for(
            desk, provider.pk, block(THURSDAY, "11:00", "12:00"), block(THURSDAY, "07:00", "08:00")
        )
    )


@pytest.mark.parametrize(("start", "is_refused"), [("01:45", True), ("02:00", False)])
def test_hours_past_midnight_reach_into_the_next_day(
    practice: Venue, desk: Api, provider: Resource, start: str, is_refused: bool
) -> None:
    Opening.objects.create(
        venue=practice, resource=provider, weekday=2, opens=time(22), closes=time(2)
    )
    answer = open_for(desk, provider.pk, block(THURSDAY, start, "03:00"))
    assert answer.status_code == (422 if is_refused else 201)
    refused = open_for(desk, provider.pk, block("2027-02-03", "23:00", "23:30"))
    assert list(faults(refused)) == ["blocks/0"]


@pytest.mark.parametrize(
    "given",
    [
        "24:00",
        "8:00",
        "08:00Z",
        "08:00+01:00",
        "08",
        "noon",
        "",
        480,
        8.5,
        True,
        None,
        [],
        "٠٨:٠٠",
        "08:00:01",
        "08:00:59",
        "08:00:00.5",
        "08:00:60",
    ],
)
def test_what_no_clock_shows_is_422(desk: Api, provider: Resource, given: Any) -> None:
    wrong = {"date": THURSDAY, "start": given, "end": "11:00"}
    answer = open_for(desk, provider.pk, wrong)
    assert list(faults(answer)) == ["blocks/0/start"]
    assert Opening.objects.count() == 0


@pytest.mark.parametrize("given", ["2027-02-30", "04-02-2027", "2027-02-04T00:00:00Z", 1, None])
def test_what_no_calendar_shows_is_422(desk: Api, provider: Resource, given: Any) -> None:
    wrong = {"date": given, "start": "08:00", "end": "11:00"}
    answer = open_for(desk, provider.pk, wrong)
    if given == "2027-02-04T00:00:00Z":
        assert answer.status_code in (201, 422)
    else:
        assert list(faults(answer)) == ["blocks/0/date"]


def test_seconds_that_are_none_are_taken(desk: Api, provider: Resource) -> None:
    schedule = made(open_for(desk, provider.pk, block(THURSDAY, "08:00:00", "11:00:00")))
    assert plain(schedule["blocks"]) == [block(THURSDAY, "08:00", "11:00")]


@pytest.mark.parametrize(
    ("zone", "now", "day", "is_past"),
    [
        ("Europe/Amsterdam", datetime(2027, 2, 1, 9, tzinfo=UTC), "2027-01-31", True),
        ("Europe/Amsterdam", datetime(2027, 2, 1, 9, tzinfo=UTC), "2027-02-01", False),
        ("Europe/Amsterdam", datetime(2027, 2, 1, 22, 59, 59, tzinfo=UTC), "2027-02-01", False),
        ("Europe/Amsterdam", datetime(2027, 2, 1, 23, tzinfo=UTC), "2027-02-01", True),
        ("Pacific/Kiritimati", datetime(2027, 2, 1, 10, tzinfo=UTC), "2027-02-01", True),
        ("Pacific/Pago_Pago", datetime(2027, 2, 1, 10, tzinfo=UTC), "2027-01-31", False),
    ],
)
@pytest.mark.parametrize("is_sent", [True, False])
def test_a_day_that_is_past_where_the_provider_is_is_422(
    desk: Api,
    provider: Resource,
    clock: FrozenDateTimeFactory,
    zone: str,
    now: datetime,
    day: str,
    is_past: bool,
    is_sent: bool,
) -> None:
    clock.move_to(now)
    if not is_sent:
        in_zone(provider, zone)
    blocks = block(FRIDAY, "08:00", "11:00"), block(day, "08:00", "11:00")
    answer = open_for(desk, provider.pk, *blocks, time_zone=zone if is_sent else None)
    if is_past:
        assert list(faults(answer)) == ["blocks/1/date"]
        assert not Opening.objects.exists()
        provider.refresh_from_db()
        assert is_sent is False or provider.zone.key == "Europe/Amsterdam"
    else:
        assert answer.status_code == 201


@pytest.mark.parametrize("blocks", [[], [None], ["x"], {}, None, "x"])
def test_a_schedule_without_blocks_is_422(desk: Api, provider: Resource, blocks: Any) -> None:
    answer = desk.post(f"/providers/{provider.pk}/schedule", {"blocks": blocks})
    assert answer.status_code == 422


def at(quarter: int) -> str:
    return f"{quarter // 4:02}:{quarter % 4 * 15:02}"


def test_a_long_schedule_is_entered_and_one_too_long_is_not(desk: Api, provider: Resource) -> None:
    quarters = [
        block(f"2027-03-{day:02}", at(quarter), at(quarter + 1))
        for day, quarter in itertools.product(range(1, 12), range(96))
    ]
    refused = open_for(desk, provider.pk, *quarters[:1001])
    assert list(faults(refused)) == ["blocks"]
    assert len(made(open_for(desk, provider.pk, *quarters[:1000]))["blocks"]) == 1000


def test_a_repeated_schedule_gets_the_same_answer(desk: Api, provider: Resource) -> None:
    body = {"blocks": [block(THURSDAY, "08:00", "11:00")]}
    path = f"/providers/{provider.pk}/schedule"
    answers = [desk.post(path, body, Idempotency_Key="k") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert Opening.objects.count() == StoredAnswer.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_schedules_sent_at_once_never_overlap(desk: Api, provider: Resource) -> None:
    for day in range(1, 6):
        blocks = iter(
            block(f"2027-03-0{day}", *times)
            for times in (("08:00", "11:00"), ("10:00", "12:00"), ("10:45", "11:15"))
        )
        answers = race(3, lambda: open_for(desk, provider.pk, next(blocks)))  # noqa: B023
        assert sorted({answer.status_code for answer in answers}) == [201, 422]
    rows = list(Opening.objects.order_by("date", "opens"))
    for first, second in itertools.pairwise(rows):
        assert first.date != second.date or (first.closes or time()) <= (second.opens or time())


def test_times_are_the_providers_own(desk: Api, guest: Api, provider: Resource) -> None:
    answer = open_for(
        desk, provider.pk, block(THURSDAY, "08:00", "09:00"), time_zone="Asia/Kathmandu"
    )
    assert made(answer)["time_zone"] == "Asia/Kathmandu"
    listed = guest.get(f"/providers/{provider.pk}/slots", {"date": THURSDAY}).json()
    assert listed["time_zone"] == "Asia/Kathmandu"
    assert listed["items"][0] == {
        "starts_at": "2027-02-04T02:15:00Z",
        "ends_at": "2027-02-04T02:30:00Z",
        "local_start": "2027-02-04T08:00:00+05:45",
    }


def test_slots_are_shown_in_the_clients_zone(desk: Api, guest: Api, provider: Resource) -> None:
    made(
        open_for(
            desk,
            provider.pk,
            block(THURSDAY, "08:00", "09:00"),
            block(FRIDAY, "08:00", "08:30"),
            time_zone="Asia/Tokyo",
        )
    )
    # Eight in Tokyo is six in the evening before in New York.
    wednesday = guest.get(
        f"/providers/{provider.pk}/slots", {"date": "2027-02-03", "tz": "America/New_York"}
    ).json()
    assert wednesday["time_zone"] == "America/New_York"
    assert wednesday["items"][0]["local_start"] == "2027-02-03T18:00:00-05:00"
    assert len(wednesday["items"]) == 4
    assert len(starts(guest, provider.pk, date=THURSDAY, tz="America/New_York")) == 2
    assert starts(guest, provider.pk, date=FRIDAY, tz="America/New_York") == []


def test_a_day_of_the_client_may_be_two_of_the_provider(
    desk: Api, guest: Api, provider: Resource
) -> None:
    made(
        open_for(
            desk,
            provider.pk,
            block(THURSDAY, "22:00", "23:59"),
            block(FRIDAY, "00:00", "02:00"),
        )
    )
    found = local(guest, provider, date=FRIDAY, tz="Asia/Tokyo")
    assert (found[0], found[-1], len(found)) == ("06:00", "09:45", 7 + 8)


@pytest.mark.parametrize("given", ["Europe/Amsterdam", None, ""])
def test_the_zone_may_be_repeated_or_left_out(
    desk: Api, provider: Resource, given: str | None
) -> None:
    made(open_for(desk, provider.pk, block(THURSDAY, "08:00", "11:00")))
    made(open_for(desk, provider.pk, block(FRIDAY, "08:00", "11:00"), time_zone=given))


def test_a_zone_does_not_change_under_a_schedule(desk: Api, provider: Resource) -> None:
    made(open_for(desk, provider.pk, block(THURSDAY, "08:00", "11:00")))
    answer = open_for(desk, provider.pk, block(FRIDAY, "08:00", "11:00"), time_zone="Asia/Tokyo")
    assert list(faults(answer)) == ["time_zone"]
    assert Opening.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_zones_sent_at_once_leave_one(desk: Api, provider: Resource) -> None:
    zones = iter(["Asia/Tokyo", "Europe/Amsterdam"])
    answers = race(
        2,
        lambda: open_for(
            desk, provider.pk, block(THURSDAY, "08:00", "11:00"), time_zone=next(zones)
        ),
    )
    assert sorted(answer.status_code for answer in answers) == [201, 422]
    (winner,) = (answer.json() for answer in answers if answer.status_code == 201)
    provider.refresh_from_db()
    assert provider.zone.key == winner["time_zone"]


@pytest.mark.parametrize(
    ("name", "day", "count"),
    [
        # Clocks go from two to three: an hour less.
        ("Europe/Amsterdam", "2027-03-28", 20),
        ("Europe/Amsterdam", "2027-03-27", 24),
        # From three back to two: an hour more.
        ("Europe/Amsterdam", "2027-10-31", 28),
        ("America/New_York", "2027-11-07", 28),
        # Half an hour, and the other way round in the south.
        ("Australia/Lord_Howe", "2027-04-04", 26),
        ("Australia/Lord_Howe", "2027-10-03", 22),
        ("Asia/Kathmandu", "2027-03-28", 24),
    ],
)
def test_a_day_on_which_clocks_change_has_the_slots_that_really_happen(
    desk: Api,
    guest: Api,
    provider: Resource,
    clock: FrozenDateTimeFactory,
    name: str,
    day: str,
    count: int,
) -> None:
    clock.move_to(datetime.fromisoformat(f"{day}T00:00:00+00:00") - 10 * DAY)
    in_zone(provider, name)
    made(open_for(desk, provider.pk, block(day, "00:00", "06:00")))
    found = starts(guest, provider.pk, date=day)
    assert len(found) == len(set(found)) == count
    instants = [datetime.fromisoformat(one) for one in found]
    assert {b - a for a, b in itertools.pairwise(instants)} == {timedelta(minutes=15)}


def test_a_block_that_clocks_skip_is_never_open(
    desk: Api, guest: Api, provider: Resource, clock: FrozenDateTimeFactory
) -> None:
    clock.move_to(datetime(2027, 3, 20, tzinfo=UTC))
    made(open_for(desk, provider.pk, block("2027-03-28", "02:00", "03:00")))
    assert starts(guest, provider.pk, date="2027-03-28") == []


@pytest.mark.parametrize("limit", [1, 5, 12, 24, 25])
def test_pages_walk_through_all_slots_once(
    desk: Api, guest: Api, provider: Resource, limit: int
) -> None:
    made(
        open_for(
            desk,
            provider.pk,
            block(THURSDAY, "08:00", "11:00"),
            block(FRIDAY, "12:00", "15:00"),
        )
    )
    seen: list[str] = []
    params: dict[str, Any] = {"limit": limit}
    while True:
        answer = guest.get(f"/providers/{provider.pk}/slots", params).json()
        assert len(answer["items"]) <= limit
        seen += [slot["starts_at"] for slot in answer["items"]]
        if answer["next_cursor"] is None:
            break
        params["cursor"] = answer["next_cursor"]
    assert seen == starts(guest, provider.pk)
    assert len(seen) == 24


@pytest.mark.parametrize(
    "cursor", ["x", "2027-02-04", "2027-02-04T08:00:00", "", "a\x00", "1e9", "[]"]
)
def test_a_cursor_that_was_never_given_out_is_422(
    guest: Api, provider: Resource, cursor: str
) -> None:
    assert list(faults(guest.get(f"/providers/{provider.pk}/slots", {"cursor": cursor}))) == [
        "cursor"
    ]


@pytest.mark.parametrize("cursor", ["0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00"])
def test_a_cursor_at_the_end_of_time_is_no_fault_of_ours(
    guest: Api, provider: Resource, cursor: str
) -> None:
    answer = guest.get(f"/providers/{provider.pk}/slots", {"cursor": cursor})
    assert answer.status_code in (200, 422)


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 201}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"date": "x"}, "date"),
        ({"date": "2027-02-30"}, "date"),
        ({"date": "0001-01-01"}, "date"),
        ({"date": "9999-12-31"}, "date"),
        ({"tz": "Mars"}, "tz"),
        ({"tz": "../../etc/passwd"}, "tz"),
    ],
)
def test_a_question_that_does_not_fit_is_422(
    guest: Api, provider: Resource, params: dict[str, Any], field: str
) -> None:
    assert list(faults(guest.get(f"/providers/{provider.pk}/slots", params))) == [field]


def test_without_a_date_the_next_month_is_listed(desk: Api, guest: Api, provider: Resource) -> None:
    made(
        open_for(
            desk,
            provider.pk,
            block("2027-03-04", "08:00", "08:15"),
            block("2027-03-05", "08:00", "08:15"),
        )
    )
    assert starts(guest, provider.pk) == ["2027-03-04T07:00:00Z"]


def test_beyond_the_horizon_nothing_is_open(desk: Api, guest: Api, provider: Resource) -> None:
    far = (TODAY + 181 * DAY).date().isoformat()
    made(open_for(desk, provider.pk, block(far, "08:00", "11:00")))
    assert starts(guest, provider.pk, date=far) == []


def test_what_is_past_is_not_open(
    desk: Api, guest: Api, provider: Resource, clock: FrozenDateTimeFactory
) -> None:
    made(open_for(desk, provider.pk, block(THURSDAY, "08:00", "11:00")))
    clock.move_to(datetime(2027, 2, 4, 8, tzinfo=UTC))
    assert starts(guest, provider.pk, date=THURSDAY) == []


def test_many_slots_take_no_more_queries_than_one(
    desk: Api, guest: Api, provider: Resource
) -> None:
    def asked(day: str) -> int:
        starts(guest, provider.pk, date=day)
        with CaptureQueriesContext(connection) as queries:
            assert starts(guest, provider.pk, date=day)
        return len(queries)

    made(open_for(desk, provider.pk, block(THURSDAY, "08:00", "08:15")))
    made(open_for(desk, provider.pk, block(FRIDAY, "00:00", "23:00")))
    assert asked(THURSDAY) == asked(FRIDAY) <= 8
