"""What time alone has changed is written down once, dated when it happened, however late."""

import logging
from collections.abc import Callable

import pytest
from freezegun.api import FrozenDateTimeFactory
from pytest_django import DjangoCaptureOnCommitCallbacks
from pytest_django.fixtures import Settings

from reservations import actions, sweeps, tasks
from reservations.models import Event, Reservation
from reservations.requests import Change, Times
from reservations.status import Status
from tests.factories import DESK, NOON, hold, make_venue
from tests.reservations.facts import DAY, HOUR, MINUTE, SECOND, rows, status, taken, told
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

LAPSE = NOON - DAY + 30 * MINUTE
END = NOON + 2 * HOUR
SWEEPS = [sweeps.expire_holds, sweeps.mark_no_shows, sweeps.complete_stays]


def assumed(kind: str = "parking", **policy: bool) -> Venue:
    return make_venue(
        kind, confirms_at_once=True, records_arrival=False, records_departure=False, **policy
    )


def test_a_lapsed_hold_is_dated_when_it_lapsed(frozen: FrozenDateTimeFactory) -> None:
    row = hold(make_venue(confirms_at_once=False))
    frozen.move_to(LAPSE - SECOND)
    assert sweeps.expire_holds() == 0
    frozen.move_to(NOON)
    assert sweeps.expire_holds() == 1
    row.refresh_from_db()
    assert row.expired_at == LAPSE
    event = Event.objects.get(name="reservation.expired")
    assert (event.at, event.recorded_at, event.by) == (LAPSE, NOON, "time")
    assert rows(row) == []


@pytest.mark.parametrize("is_released", [True, False])
def test_a_no_show_is_dated_when_it_was_one(
    frozen: FrozenDateTimeFactory, is_released: bool
) -> None:
    row = hold(make_venue(grace=HOUR, releases_no_shows=is_released))
    frozen.move_to(NOON + HOUR - SECOND)
    assert sweeps.mark_no_shows() == 0
    frozen.move_to(NOON + HOUR + 5 * MINUTE)
    assert sweeps.mark_no_shows() == 1
    row.refresh_from_db()
    assert row.missed_at == NOON + HOUR
    assert Event.objects.get(name="reservation.missed").at == NOON + HOUR
    assert taken(row) == (NOON, NOON + HOUR if is_released else END)


def test_a_no_show_with_no_grace_frees_the_whole_range(frozen: FrozenDateTimeFactory) -> None:
    row = hold(make_venue(grace=0 * HOUR))
    frozen.move_to(NOON)
    sweeps.mark_no_shows()
    assert rows(row) == []


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_a_stay_is_completed_from_its_end_on(frozen: FrozenDateTimeFactory, offset: int) -> None:
    row = hold(assumed())
    frozen.move_to(END + offset * SECOND)
    assert sweeps.complete_stays() == (0 if offset < 0 else 1)
    row.refresh_from_db()
    assert row.completed_at == (None if offset < 0 else END)
    assert row.checked_out_at is None


def test_a_completed_stay_is_dated_at_its_end(frozen: FrozenDateTimeFactory) -> None:
    row = hold(assumed())
    frozen.move_to(END + DAY)
    sweeps.complete_stays()
    event = Event.objects.get(name="reservation.completed")
    assert (event.at, event.recorded_at) == (END, END + DAY)
    assert status(row, END) is Status.LEFT


def test_an_overstay_is_not_completed_where_leaving_is_recorded(
    frozen: FrozenDateTimeFactory,
) -> None:
    hold(make_venue(records_arrival=False, records_departure=True))
    frozen.move_to(END + DAY)
    assert sweeps.complete_stays() == 0


def test_one_that_was_extended_meanwhile_is_not_completed(frozen: FrozenDateTimeFactory) -> None:
    row = hold(assumed())
    frozen.move_to(END - SECOND)
    longer = Change(times=Times(ends_at=END + HOUR))
    actions.modify(reservation_id=row.pk, change=longer, by=DESK)
    frozen.move_to(END)
    assert sweeps.complete_stays() == 0
    assert status(row, END) is Status.PRESENT


@pytest.mark.parametrize("sweep", SWEEPS)
def test_a_sweep_finds_nothing_the_second_time(
    frozen: FrozenDateTimeFactory, sweep: Callable[[], int]
) -> None:
    hold(make_venue(confirms_at_once=False))
    hold(make_venue())
    hold(assumed())
    frozen.move_to(END)
    assert sweep() == 1
    before = Event.objects.count()
    assert sweep() == 0
    assert Event.objects.count() == before


def test_every_row_is_swept_however_small_the_batches_are(
    frozen: FrozenDateTimeFactory, settings: Settings
) -> None:
    settings.SWEEP_BATCH = 2
    venue = make_venue(units=5, confirms_at_once=False)
    for _ in range(5):
        hold(venue)
    frozen.move_to(LAPSE)
    assert sweeps.expire_holds() == 5


@pytest.mark.parametrize("end", ["cancel", "check in", "check out"])
def test_what_ended_otherwise_is_left_alone(frozen: FrozenDateTimeFactory, end: str) -> None:
    row = hold(make_venue())
    if end == "cancel":
        actions.cancel(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON)
    if end != "cancel":
        actions.check_in(reservation_id=row.pk, by=DESK)
    if end == "check out":
        actions.check_out(reservation_id=row.pk, by=DESK)
    frozen.move_to(END + DAY)
    assert (sweeps.expire_holds(), sweeps.mark_no_shows(), sweeps.complete_stays()) == (0, 0, 0)


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("parking", "Auto-released Spot #105 (Reservation ID 882)"),
        ("restaurant", "Auto-released Table #105 (Reservation ID 882)"),
        ("hotel", "Auto-released Room #105 (Reservation ID 882)"),
        ("practice", "Auto-completed appointment with 105 (Reservation ID 882)"),
    ],
)
def test_the_log_says_which_unit_is_free(
    frozen: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    kind: str,
    line: str,
) -> None:
    venue = assumed(kind, unit_schedules=False)
    venue.mode = Venue.Mode.TIME
    venue.save()
    venue.resources.update(name="105")
    venue.policy.notice, venue.policy.longest_stay = 0 * DAY, None
    venue.policy.save()
    row = hold(venue)
    Reservation.objects.filter(pk=row.pk).update(completed_at=NOON)
    Reservation.objects.bulk_create([_copy(row, 882)])
    row.allocations.update(reservation_id=882)
    frozen.move_to(END)
    with (
        caplog.at_level(logging.INFO, "reservations.sweeps"),
        django_capture_on_commit_callbacks(execute=True),
    ):
        sweeps.complete_stays()
    assert [record.getMessage() for record in caplog.records] == [line]


def _copy(row: Reservation, pk: int) -> Reservation:
    copy = Reservation.objects.get(pk=row.pk)
    copy.pk, copy.code, copy.completed_at = pk, "OTHER", None
    return copy


def test_a_guest_given_another_unit_frees_that_one_only(
    frozen: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    venue = make_venue(records_departure=False, grace=HOUR)
    row = hold(venue)
    frozen.move_to(NOON + HOUR)
    sweeps.mark_no_shows()
    actions.check_in(reservation_id=row.pk, by=DESK)
    frozen.move_to(END)
    with (
        caplog.at_level(logging.INFO, "reservations.sweeps"),
        django_capture_on_commit_callbacks(execute=True),
    ):
        sweeps.complete_stays()
    assert len(caplog.records) == 1


def test_holds_inside_the_notice_are_counted_and_logged(
    frozen: FrozenDateTimeFactory, caplog: pytest.LogCaptureFixture
) -> None:
    venue = make_venue(units=3, confirms_at_once=False, notice=DAY)
    for start in (NOON, NOON, NOON + 2 * DAY):
        hold(venue, start)
    assert sweeps.count_short_notice() == 0
    frozen.tick(SECOND)
    with caplog.at_level(logging.INFO, "reservations.sweeps"):
        assert sweeps.count_short_notice() == 2
    assert "Unconfirmed holds inside the notice of their venue: 2" in caplog.text
    frozen.move_to(LAPSE)
    assert sweeps.count_short_notice() == 0


def test_every_sweep_is_a_task_of_the_same_name(frozen: FrozenDateTimeFactory) -> None:
    row = hold(make_venue(confirms_at_once=False))
    missed, stay = hold(make_venue()), hold(assumed())
    frozen.move_to(END)
    for task in (
        tasks.expire_holds,
        tasks.mark_no_shows,
        tasks.complete_stays,
        tasks.count_short_notice,
    ):
        task()
    assert told(row)[-1] == "expired"
    assert told(missed)[-1] == "missed"
    assert told(stay)[-1] == "completed"


def test_a_row_of_the_version_before_is_found_after_the_sweep() -> None:
    venue = make_venue(units=2)
    row, other = hold(venue), hold(venue)
    # What a server that does not know the column leaves in it.
    Reservation.objects.filter(pk=row.pk).update(search_text="")
    kept = Reservation.objects.values_list("search_text", flat=True).get(pk=other.pk)
    assert sweeps.fill_search_texts() == 1
    row.refresh_from_db()
    assert row.search_text == row.searched_by() != ""
    assert Reservation.objects.values_list("search_text", flat=True).get(pk=other.pk) == kept
    assert sweeps.fill_search_texts() == 0
