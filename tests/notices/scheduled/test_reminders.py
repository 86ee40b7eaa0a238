"""Reminders come once, at their instant, for the stay as it stands."""

import threading
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, models, transaction
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from pytest_django import Settings

from guests.models import Partner
from notices import batches, opt_outs, outgoing
from notices.models import Delivery
from notices.scheduled import reminders
from reservations import actions
from reservations.models import Reservation
from reservations.requests import Change, Times
from tests.factories import DESK, NOON, hold, make_venue
from tests.guests.factories import PartnerFactory, UserFactory
from tests.notices.scheduled.stays import parked
from venues import kinds, presets
from venues.models import Reminder, Venue

pytestmark = pytest.mark.django_db(transaction=True)

HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)


@pytest.fixture
def frozen() -> Iterator[FrozenDateTimeFactory]:
    with freeze_time(NOON - 30 * DAY, real_asyncio=True) as frozen:
        yield frozen  # type: ignore[misc]


def venue_with(kind: str = "restaurant", zone: str = "UTC", **fields: Any) -> Venue:
    """A venue that confirms at once, with one reminder: three hours before by default."""
    venue = make_venue(kind, units=9, confirms_at_once=True, horizon=None, notice=timedelta(0))
    Venue.objects.filter(pk=venue.pk).update(time_zone=zone)
    Reminder.objects.create(venue=venue, **(fields or {"before": 3 * HOUR}))
    return Venue.objects.get(pk=venue.pk)


def stay(venue: Venue, start: datetime = NOON, **fields: Any) -> Reservation:
    row = hold(venue, start, **fields)
    wanted = {"email": "ada@example.com", "receive_text_notification": True}
    Reservation.objects.filter(pk=row.pk).update(**wanted)
    return row


def run(frozen: FrozenDateTimeFactory, at: datetime) -> int:
    frozen.move_to(at)
    return reminders.sweep()


def told() -> list[Delivery]:
    return list(Delivery.objects.filter(kind="reminder").order_by("pk"))


def test_a_length_before_the_start(frozen: FrozenDateTimeFactory) -> None:
    row = stay(venue_with())
    assert run(frozen, NOON - 3 * HOUR - SECOND) == 0
    assert run(frozen, NOON - 3 * HOUR) == 1
    assert run(frozen, NOON - 3 * HOUR + SECOND) == 0
    (letter,) = told()
    assert (letter.to, letter.channel, letter.reservation_id) == ("ada@example.com", "mail", row.pk)
    assert letter.useful_until == NOON


@pytest.mark.parametrize(
    ("zone", "start", "told_at"),
    [
        ("UTC", "2027-03-01 12:00", "2027-02-28 18:00"),
        # On the day on which the clocks go forward it is still 18:00.
        ("Europe/Amsterdam", "2027-03-29 10:00", "2027-03-28 16:00"),
        ("Europe/Amsterdam", "2027-03-28 10:00", "2027-03-27 17:00"),
        # Just after midnight by the clock of the venue, still the day before in UTC.
        ("Asia/Tokyo", "2027-03-01 15:00", "2027-03-01 09:00"),
        ("Asia/Tokyo", "2027-03-02 14:59", "2027-03-01 09:00"),
        ("Pacific/Kiritimati", "2027-03-02 10:00", "2027-03-02 04:00"),
    ],
)  # fmt: skip
def test_the_day_before_at_six_by_the_clock_of_the_venue(
    frozen: FrozenDateTimeFactory, zone: str, start: str, told_at: str
) -> None:
    venue = venue_with(zone=zone, days_before=1, at_time=time(18))
    parked(None, venue, datetime.fromisoformat(f"{start}Z"))
    due = datetime.fromisoformat(f"{told_at}Z")
    assert run(frozen, due - SECOND) == 0
    assert run(frozen, due) == 1
    assert run(frozen, due + 2 * HOUR) == 0


def test_a_quarter_before_the_end_of_who_is_parked(frozen: FrozenDateTimeFactory) -> None:
    lot = venue_with("parking", before=timedelta(minutes=15), counts_from="end")
    here = parked(None, lot, NOON - 2 * HOUR)
    came = NOON - 2 * HOUR
    recorded = {"is_arrival_assumed": False, "is_departure_assumed": False}
    inside = parked(None, lot, came, checked_in_at=came, **recorded)
    parked(None, lot, came, **recorded)
    parked(None, lot, came, checked_in_at=came, checked_out_at=NOON - HOUR)
    assert run(frozen, NOON - timedelta(minutes=15)) == 2
    assert {row.reservation_id for row in told()} == {here.pk, inside.pk}


@pytest.mark.parametrize("lead", [timedelta(0), 60 * DAY])
def test_the_least_and_the_longest_lead(frozen: FrozenDateTimeFactory, lead: timedelta) -> None:
    parked(None, venue_with(before=lead), NOON, confirmed_at=NOON - 90 * DAY)
    assert run(frozen, NOON - lead - SECOND) == 0
    assert run(frozen, NOON - lead) == 1


def test_never_for_a_stay_made_after_the_instant(frozen: FrozenDateTimeFactory) -> None:
    venue = venue_with()
    due = NOON - 3 * HOUR
    parked(None, venue, NOON, confirmed_at=due + SECOND)
    # Held in time, and confirmed after it.
    parked(None, venue, NOON, created_at=due - DAY, confirmed_at=due + HOUR)
    in_time = parked(None, venue, NOON, confirmed_at=due)
    assert run(frozen, due + HOUR) == 1
    assert told()[0].reservation_id == in_time.pk


def test_later_than_two_hours_it_is_left_out(frozen: FrozenDateTimeFactory) -> None:
    parked(None, venue_with(), NOON)
    assert run(frozen, NOON - HOUR) == 0
    parked(None, venue_with(), NOON)
    assert run(frozen, NOON - HOUR - SECOND) == 2


def test_a_moved_stay_has_a_reminder_for_the_new_time(frozen: FrozenDateTimeFactory) -> None:
    row = stay(venue_with())
    assert run(frozen, NOON - 3 * HOUR) == 1
    move(row, NOON + DAY)
    assert run(frozen, NOON - 2 * HOUR) == 0
    assert run(frozen, NOON + DAY - 3 * HOUR) == 1
    # Back again: that instant has had its reminder.
    assert [each.data["at"] for each in told()] == [
        NOON.isoformat(), (NOON + DAY).isoformat()
    ]  # fmt: skip


def test_a_stay_that_is_moved_after_the_new_instant_has_just_been_told(
    frozen: FrozenDateTimeFactory,
) -> None:
    row = stay(venue_with(), NOON + 9 * DAY)
    frozen.move_to(NOON - 2 * HOUR)
    move(row, NOON)
    assert run(frozen, NOON - 2 * HOUR + timedelta(minutes=1)) == 0


def test_what_waits_for_a_stay_that_moved_is_not_sent(
    frozen: FrozenDateTimeFactory, settings: Settings
) -> None:
    row = stay(venue_with())
    run(frozen, NOON - 3 * HOUR)
    move(row, NOON + DAY)
    batches.send_batch(["mail"])
    assert told()[0].outcome == "superseded"


def move(row: Reservation, start: datetime) -> None:
    times = Times(starts_at=start, ends_at=start + 2 * HOUR)
    actions.modify(reservation_id=row.pk, change=Change(times=times), by=DESK)


def test_none_for_what_does_not_stand(frozen: FrozenDateTimeFactory) -> None:
    venue = venue_with()
    actions.cancel(reservation_id=stay(venue).pk, by=DESK)
    parked(None, venue, NOON, checked_in_at=NOON - 4 * HOUR)
    parked(None, venue, NOON, confirmed_at=None, hold_expires_at=NOON + DAY)
    assert run(frozen, NOON - 3 * HOUR) == 0


def test_cancelled_while_it_waits_it_is_not_sent(frozen: FrozenDateTimeFactory) -> None:
    row = stay(venue_with())
    run(frozen, NOON - 3 * HOUR)
    actions.cancel(reservation_id=row.pk, by=DESK)
    batches.send_batch(["mail"])
    assert told()[0].outcome == "dropped"


def test_preferences(frozen: FrozenDateTimeFactory) -> None:
    mail, sms = venue_with(), venue_with(before=3 * HOUR, channel="sms")
    quiet = UserFactory.create(reminders=False)
    for venue in (mail, sms):
        parked(None, venue, NOON, receive_email_updates=False)
        parked(quiet, venue, NOON, receive_text_notification=True)
    parked(None, mail, NOON, email="")
    parked(UserFactory.create(reminders=False), mail, NOON, email="")
    parked(None, mail, NOON, email="gone@example.com")
    opt_outs.end(opt_outs.letters_to(opt_outs.REMINDER, "Gone@example.com"))
    assert run(frozen, NOON - 3 * HOUR) == 0
    parked(None, sms, NOON, receive_text_notification=True, receive_email_updates=False)
    parked(None, mail, NOON)
    assert run(frozen, NOON - 3 * HOUR) == 2
    receivers = {(row.channel, row.to) for row in told()}
    assert receivers == {("mail", "ada@example.com"), ("sms", "+31612345678")}


def test_a_partner_that_writes_itself_is_left_to_it(frozen: FrozenDateTimeFactory) -> None:
    venue = venue_with()
    partner = PartnerFactory.create(venues=[venue])
    parked(None, venue, NOON, partner=partner.slug)
    Partner.objects.filter(pk=partner.pk).update(notifies_guests=True)
    assert run(frozen, NOON - 3 * HOUR) == 0
    Partner.objects.filter(pk=partner.pk).update(notifies_guests=False)
    assert run(frozen, NOON - 3 * HOUR) == 1


def test_scratch_venues_tell_nobody(frozen: FrozenDateTimeFactory) -> None:
    venue = venue_with()
    Venue.objects.filter(pk=venue.pk).update(slug="scratch--1", is_listed=False)
    parked(None, venue, NOON)
    assert run(frozen, NOON - 3 * HOUR) == 0


def test_three_reminders_each_once(frozen: FrozenDateTimeFactory) -> None:
    venue = venue_with()
    Reminder.objects.create(venue=venue, days_before=1, at_time=time(18))
    Reminder.objects.create(venue=venue, before=3 * HOUR, channel="sms")
    stay(venue)
    at = NOON - 2 * DAY
    while at < NOON:
        run(frozen, at)
        at += timedelta(minutes=20)
    assert [row.channel for row in told()].count("mail") == 2
    assert len(told()) == 3


def sweep_twice_at_once() -> None:
    """Two sweeps, both past their look at what was told before either has told anything."""
    both = threading.Barrier(2, timeout=20)
    faults: list[BaseException] = []

    def add(drafts: Any) -> None:
        rows = list(drafts)
        both.wait()
        adding(rows)

    adding = outgoing.add

    def work() -> None:
        try:
            with transaction.atomic():
                pass
            reminders.sweep()
        except BaseException as fault:  # noqa: BLE001
            faults.append(fault)
        finally:
            connection.close()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outgoing, "add", add)
        threads = [threading.Thread(target=work) for _ in range(2)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    assert faults == []


def once_constraint() -> models.UniqueConstraint:
    found = next(one for one in Delivery._meta.constraints if one.name == "delivery_once")
    assert isinstance(found, models.UniqueConstraint)
    return found


@pytest.mark.postgres
def test_two_sweeps_at_once_remind_once(frozen: FrozenDateTimeFactory) -> None:
    parked(None, venue_with(), NOON)
    frozen.move_to(NOON - 3 * HOUR)
    sweep_twice_at_once()
    assert len(told()) == 1


@pytest.mark.postgres
def test_without_the_constraint_two_sweeps_at_once_remind_twice(
    frozen: FrozenDateTimeFactory,
) -> None:
    parked(None, venue_with(), NOON)
    frozen.move_to(NOON - 3 * HOUR)
    with connection.schema_editor() as editor:
        editor.remove_constraint(Delivery, once_constraint())
    try:
        sweep_twice_at_once()
        assert len(told()) == 2
    finally:
        Delivery.objects.all().delete()
        with connection.schema_editor() as editor:
            editor.add_constraint(Delivery, once_constraint())


def test_the_letter(frozen: FrozenDateTimeFactory, settings: Settings, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND = "notices.mail.files.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    venue = venue_with(zone="Europe/Amsterdam")
    Venue.objects.filter(pk=venue.pk).update(name="De <Kas>", email="desk@example.com")
    row = stay(venue)
    Reservation.objects.filter(pk=row.pk).update(language="nl")
    run(frozen, NOON - 3 * HOUR)
    batches.send_batch(["mail"])
    (file,) = tmp_path.glob("*.eml")
    letter = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert letter["Reply-To"] == "desk@example.com" and "De <Kas>" in str(letter["From"])
    assert letter["Subject"] == "Herinnering: De <Kas>, ma 1 mrt 13:00"
    assert letter["List-Unsubscribe-Post"]
    text = letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    html = letter.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert row.code in text and f"/reservations/{row.code}/" in text
    assert "De &lt;Kas&gt;" in html and "<Kas>" not in html


def test_the_presets_of_the_kinds() -> None:
    found = {}
    for code in kinds.codes():
        venue = presets.create_venue(slug=code, name=code, kind=code)
        found[code] = [str(row) for row in venue.reminders.all()]
    assert found["hotel"] == ["1 days before the start at 18:00"]
    assert found["restaurant"] == ["3:00:00 before the start"]
    assert found["practice"] == ["1 days before the start at 10:00"]
    assert found["parking"] == ["0:15:00 before the end"]


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"days_before": 1},
        {"at_time": time(18)},
        {"days_before": 61, "at_time": time(18)},
        {"before": 60 * DAY + SECOND},
        {"before": -SECOND},
        {"before": HOUR, "days_before": 1, "at_time": time(18)},
    ],
)
def test_a_lead_outside_sixty_days_or_counted_in_two_ways_is_refused(wrong: dict[str, Any]) -> None:
    venue = make_venue("restaurant")
    with pytest.raises(ValidationError):
        Reminder(venue=venue, **wrong).full_clean(exclude=["position"])
    with pytest.raises(IntegrityError):
        Reminder.objects.create(venue=venue, **wrong)


def test_a_fourth_is_refused() -> None:
    venue = venue_with()
    for hours in (1, 2):
        Reminder.objects.create(venue=venue, before=hours * HOUR)
    with pytest.raises(ValidationError):
        Reminder.objects.create(venue=venue, before=4 * HOUR)
    venue.reminders.get(position=2).delete()
    assert Reminder.objects.create(venue=venue, before=4 * HOUR).position == 2
