"""The evening word comes at the chosen wall time, once a day, to those it is for."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from email import message_from_bytes, policy
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from pytest_django import Settings

from guests.models import User
from notices import batches, opt_outs, preferences
from notices.models import Delivery
from notices.scheduled import evening_words, local_instants
from tests.effort import some
from tests.factories import make_venue
from tests.guests.factories import UserFactory
from tests.notices.scheduled.stays import parked
from tests.notices.scheduled.test_local_instants import ZONES
from venues.models import Venue

pytestmark = pytest.mark.django_db(transaction=True)

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
EVENING = datetime(2027, 3, 1, 18, 30, tzinfo=UTC)


@pytest.fixture
def frozen() -> Iterator[FrozenDateTimeFactory]:
    with freeze_time(EVENING - timedelta(hours=6), real_asyncio=True) as frozen:
        yield frozen  # type: ignore[misc]


def chooser(**fields: Any) -> User:
    """Somebody who has chosen half past six, by the clock of UTC unless said otherwise."""
    at = fields.pop("at", time(18, 30))
    channel = fields.pop("channel", "mail")
    user = UserFactory.create(**{"time_zone": "UTC", **fields})
    return preferences.change(user, {"evening_at": at, "evening_channel": channel})


def words() -> list[str]:
    rows = Delivery.objects.filter(kind="evening").order_by("pk")
    return [row.dedupe.rpartition(":")[2] for row in rows]


def run(frozen: FrozenDateTimeFactory, at: datetime) -> int:
    frozen.move_to(at)
    return evening_words.sweep()


def changes_of(name: str, year: int) -> list[date]:
    """The local days of a year on which the clocks of a zone change."""
    zone, day = ZoneInfo(name), datetime(year, 1, 1, 12, tzinfo=UTC)
    offsets = [(day + n * DAY).astimezone(zone) for n in range(366)]
    return [b.date() for a, b in pairwise(offsets)
            if a.utcoffset() != b.utcoffset()]  # fmt: skip


@pytest.mark.parametrize("name", some(ZONES, most=4))
@pytest.mark.parametrize("clock", some([time(18, 30), time(2, 30), time(0, 15)], most=2))
def test_on_days_on_which_clocks_change_it_comes_at_the_wall_time(
    frozen: FrozenDateTimeFactory, name: str, clock: time
) -> None:
    zone = ZoneInfo(name)
    days = changes_of(name, 2027) or [date(2027, 3, 28)]
    frozen.move_to(datetime(2027, 1, 1, tzinfo=UTC))
    user = chooser(time_zone=name, at=clock)
    for day in days:
        begin = datetime.combine(day - DAY, time(12), tzinfo=UTC)
        dues = [local_instants.on(day + n * DAY, clock, zone) for n in range(-2, 5)]
        User.objects.update(evening_next_at=local_instants.following(clock, zone, begin).at)
        before = Delivery.objects.count()
        # Every hour over three days, at each instant that is due, and a second before.
        looks = {begin + n * HOUR for n in range(3 * 24)}
        looks |= {due - n * SECOND for due in dues if due for n in (0, 1)}
        looks = {at for at in looks if begin <= at < begin + 3 * DAY}
        heard = [at for at in sorted(looks) if run(frozen, at)]
        told = Delivery.objects.filter(user=user).order_by("pk")[before:]
        days_told = [row.dedupe.rpartition(":")[2] for row in told]
        assert len(set(days_told)) == len(days_told) == 3
        for row, at in zip(told, heard, strict=True):
            due = local_instants.on(date.fromisoformat(row.dedupe[-10:]), clock, zone)
            assert due == at
            local = at.astimezone(zone)
            was_skipped = local.time() != clock
            assert not was_skipped or local.date() in days


def test_one_second_before_at_it_and_after(frozen: FrozenDateTimeFactory) -> None:
    chooser()
    assert run(frozen, EVENING - timedelta(seconds=1)) == 0
    assert run(frozen, EVENING) == 1
    assert run(frozen, EVENING + timedelta(seconds=1)) == 0
    assert run(frozen, EVENING + DAY) == 1
    assert words() == ["2027-03-01", "2027-03-02"]


def test_later_than_two_hours_it_is_left_out(frozen: FrozenDateTimeFactory) -> None:
    chooser()
    assert run(frozen, EVENING + timedelta(hours=2, seconds=1)) == 0
    assert run(frozen, EVENING + DAY + timedelta(hours=2)) == 1
    # A worker that was down for days says one word, not several.
    assert run(frozen, EVENING + 9 * DAY) == 1
    assert words() == ["2027-03-02", "2027-03-10"]


def test_who_changes_the_time_hears_once_that_day(frozen: FrozenDateTimeFactory) -> None:
    user = chooser()
    assert run(frozen, EVENING) == 1
    preferences.change(user, {"evening_at": time(20)})
    assert run(frozen, EVENING.replace(hour=20, minute=0)) <= 1
    assert words() == ["2027-03-01"]
    # A time that has just passed is for tomorrow.
    preferences.change(user, {"evening_at": time(19, 59)})
    assert run(frozen, EVENING.replace(hour=20, minute=1)) == 0
    assert run(frozen, EVENING.replace(hour=19, minute=59) + DAY) == 1


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (EVENING - timedelta(days=7), 1),
        (EVENING - timedelta(days=7) + timedelta(seconds=1), 0),
        (EVENING - timedelta(hours=1), 0),
        (EVENING + timedelta(hours=1), 0),
    ],
)
def test_who_parks_hears_nothing_for_seven_days(
    frozen: FrozenDateTimeFactory, left: datetime, expected: int
) -> None:
    lot = make_venue("parking")
    user = chooser()
    parked(user, lot, left - timedelta(hours=2))
    assert run(frozen, EVENING) == expected


def test_who_left_earlier_than_reserved_counts_from_then(frozen: FrozenDateTimeFactory) -> None:
    lot = make_venue("parking")
    user = chooser()
    left = EVENING - 8 * DAY
    parked(user, lot, left - DAY, hours=72, checked_in_at=left - DAY, checked_out_at=left)
    assert run(frozen, EVENING) == 1


def test_who_is_parked_without_an_end_hears_nothing(frozen: FrozenDateTimeFactory) -> None:
    lot = make_venue("parking")
    user = chooser()
    came = EVENING - 20 * DAY
    parked(user, lot, came, checked_in_at=came, is_departure_assumed=False)
    assert run(frozen, EVENING) == 0


def test_a_lot_that_opens_is_told_once(frozen: FrozenDateTimeFactory) -> None:
    old = make_venue("parking")
    user = chooser()
    parked(user, old, EVENING - 2 * DAY)
    assert run(frozen, EVENING - DAY * 0) == 0
    frozen.move_to(EVENING + timedelta(hours=1))
    new = make_venue("parking")
    Venue.objects.filter(pk=new.pk).update(name="Station Lot")
    make_venue("hotel")
    assert run(frozen, EVENING + DAY) == 1
    assert run(frozen, EVENING + 2 * DAY) == 0
    assert words() == ["2027-03-02"]


@pytest.mark.parametrize("hidden", [{"is_listed": False}, {"is_active": False}])
def test_a_lot_that_nobody_can_see_is_no_news(
    frozen: FrozenDateTimeFactory, hidden: dict[str, bool]
) -> None:
    user = chooser()
    parked(user, make_venue("parking"), EVENING - 2 * DAY)
    frozen.move_to(EVENING - timedelta(hours=1))
    Venue.objects.filter(pk=make_venue("parking").pk).update(**hidden)
    assert run(frozen, EVENING) == 0


def test_nobody_is_told_who_does_not_want_it(frozen: FrozenDateTimeFactory) -> None:
    UserFactory.create()
    off = chooser()
    preferences.change(off, {"evening_at": None})
    User.objects.filter(pk=chooser().pk).update(is_active=False)
    User.objects.filter(pk=chooser().pk).update(receive_email_updates=False)
    User.objects.filter(pk=chooser(channel="sms").pk).update(receive_text_notification=False)
    unsubscribed = chooser()
    opt_outs.end(opt_outs.letters_to(opt_outs.EVENING, unsubscribed.email))
    assert run(frozen, EVENING) == 0


def test_a_row_without_the_next_instant_is_worked_out(frozen: FrozenDateTimeFactory) -> None:
    UserFactory.create(evening_at=time(18, 30), time_zone="UTC")
    assert run(frozen, EVENING - MINUTE) == 0
    assert User.objects.get().evening_next_at == EVENING
    assert run(frozen, EVENING) == 1


def test_a_letter_has_text_html_and_a_way_to_stop_it(
    frozen: FrozenDateTimeFactory, settings: Settings, tmp_path: Path
) -> None:
    settings.EMAIL_BACKEND = "notices.mail.files.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    user = chooser(first_name="<b>Ada", last_name="", language="nl")
    frozen.move_to(EVENING - MINUTE)
    Venue.objects.filter(pk=make_venue("parking").pk).update(name="Zuid & <i>", city="Delft")
    assert run(frozen, EVENING) == 1
    batches.send_batch(["mail"])
    (file,) = tmp_path.glob("*.eml")
    letter = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert letter["To"] == user.email
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text = letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    html = letter.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert "Zuid & <i>" in text and "Goedenavond" in text
    assert "Zuid &amp; &lt;i&gt;" in html and "<b>Ada" not in html
    assert "/letters/" in text and "?kind=parking" in text


def test_who_parks_meanwhile_is_not_told(frozen: FrozenDateTimeFactory) -> None:
    user = chooser()
    run(frozen, EVENING)
    parked(user, make_venue("parking"), EVENING - timedelta(hours=1))
    batches.send_batch(["mail"])
    assert Delivery.objects.get().outcome == "dropped"


@pytest.mark.parametrize("channel", ["sms", "chat"])
def test_text_and_chat_are_short_and_hold_no_marks(
    frozen: FrozenDateTimeFactory, settings: Settings, tmp_path: Path, channel: str
) -> None:
    settings.SMS, settings.SMS_TO_FILES, settings.CHAT_TO_FILES = None, True, True
    settings.EMAIL_FILE_PATH = str(tmp_path)
    url = "https://chat.googleapis.com/v1/spaces/S/messages"
    chooser(channel=channel, chat_url=url, first_name="*Ada*", last_name="<x|y>")
    assert run(frozen, EVENING) == 1
    batches.send_batch([channel])
    (file,) = tmp_path.glob(f"{channel}-*.txt")
    said = file.read_text()
    assert "?kind=parking" in said
    assert ("*Ada*" in said) == (channel == "sms")


def test_the_command_says_who_would_get_one_and_why(frozen: FrozenDateTimeFactory) -> None:
    never, driver = chooser(), chooser()
    parked(driver, make_venue("parking"), EVENING - 2 * DAY)
    out = StringIO()
    frozen.move_to(EVENING)
    call_command("evening_word", "--dry-run", stdout=out)
    assert f"{never.email}: yes, never parked; mail, next 2027-03-02 18:30 UTC" in out.getvalue()
    assert f"{driver.email}: no, parked 1 days ago" in out.getvalue()
    assert words() == []
    call_command("evening_word", stdout=out)
    assert words() == ["2027-03-01"]


def test_many_are_judged_in_few_queries(
    frozen: FrozenDateTimeFactory, django_assert_max_num_queries: Any
) -> None:
    for _ in range(20):
        chooser(channel="sms")
    frozen.move_to(EVENING)
    with django_assert_max_num_queries(12):
        assert evening_words.sweep() == 20


def test_a_word_that_waits_follows_a_changed_address(frozen: FrozenDateTimeFactory) -> None:
    user = chooser()
    run(frozen, EVENING)
    User.objects.filter(pk=user.pk).update(email="new@example.com")
    batches.send_batch(["mail"])
    word = Delivery.objects.get()
    assert (word.outcome, word.to) == ("sent", "new@example.com")


def test_everybody_has_their_own_language_in_one_query_for_all(
    frozen: FrozenDateTimeFactory, settings: Settings
) -> None:
    settings.LANGUAGE_CODE = "en"
    dutch = Venue.objects.get(pk=make_venue("parking").pk)
    Venue.objects.filter(pk=dutch.pk).update(language="nl")
    chose, reserved, by_venue, new = (chooser() for _ in range(4))
    User.objects.filter(pk=chose.pk).update(language="en")
    for user, language in ((chose, "nl"), (reserved, "nl"), (by_venue, None)):
        parked(user, dutch, EVENING - 9 * DAY, language=language)
    with CaptureQueriesContext(connection) as few:
        run(frozen, EVENING)
    spoken = dict(Delivery.objects.values_list("user", "language"))
    assert spoken == {chose.pk: "en", reserved.pk: "nl", by_venue.pk: "nl", new.pk: "en"}
    for _ in range(6):
        parked(chooser(), dutch, EVENING - 9 * DAY)
    with CaptureQueriesContext(connection) as more:
        run(frozen, EVENING + DAY)
    assert Delivery.objects.filter(language="nl").count() == 10
    asked = [
        sum("venue" in each["sql"] and "language" in each["sql"] for each in some.captured_queries)
        for some in (few, more)
    ]
    assert asked[0] == asked[1]
