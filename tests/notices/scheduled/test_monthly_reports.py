"""The monthly report: right figures, on the first by the person's clock, once."""

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection, models
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from pytest_django import Settings

from guests.models import User
from notices import batches, opt_outs
from notices.models import Delivery, ToldOnce
from notices.scheduled import monthly_reports
from reservations.models import Reservation
from reservations.reports import parking_month
from tests.effort import some
from tests.factories import make_venue
from tests.guests.factories import UserFactory
from tests.notices.scheduled.stays import parked
from tests.plain import parking_month as plain
from venues.models import Venue

pytestmark = pytest.mark.django_db(transaction=True)

DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
FIRST = datetime(2027, 3, 1, tzinfo=UTC)
"""The first of March. The report is that of February."""
FEBRUARY = date(2027, 2, 1)


@pytest.fixture
def frozen() -> Iterator[FrozenDateTimeFactory]:
    with freeze_time(FIRST - 10 * DAY, real_asyncio=True) as frozen:
        yield frozen  # type: ignore[misc]


def driver(zone: str = "UTC", *, visits: int = 1, **fields: Any) -> User:
    """Somebody who parked in the middle of February."""
    user = UserFactory.create(time_zone=zone, **fields)
    lot = Venue.objects.filter(kind="parking").first() or make_venue("parking")
    for number in range(visits):
        parked(user, lot, FIRST - (10 + number) * DAY)
    return user


def run(frozen: FrozenDateTimeFactory, at: datetime) -> int:
    frozen.move_to(at)
    monthly_reports.sweep()
    return reports().count()


def reports() -> Any:
    return Delivery.objects.filter(kind="report").order_by("pk")


def test_on_the_first_and_once(frozen: FrozenDateTimeFactory) -> None:
    user = driver()
    assert run(frozen, FIRST - SECOND) == 0
    assert run(frozen, FIRST) == 1
    assert run(frozen, FIRST + HOUR) == 1
    assert run(frozen, FIRST + 6 * DAY) == 1
    assert reports().get().dedupe == f"report:{user.pk}:2027-02"
    assert ToldOnce.objects.get().period == "2027-02"


@pytest.mark.parametrize(
    ("zone", "at"),
    [
        ("Pacific/Kiritimati", FIRST - 14 * HOUR),
        ("Asia/Kathmandu", FIRST - timedelta(hours=5, minutes=45)),
        ("America/New_York", FIRST + 5 * HOUR),
        ("Pacific/Pago_Pago", FIRST + 11 * HOUR),
    ],
)
def test_the_first_is_that_of_the_persons_clock(
    frozen: FrozenDateTimeFactory, zone: str, at: datetime
) -> None:
    driver(zone)
    assert run(frozen, at - SECOND) == 0
    assert run(frozen, at) == 1


def test_the_beat_was_down_until_the_third(frozen: FrozenDateTimeFactory) -> None:
    driver()
    assert run(frozen, FIRST + 2 * DAY + 7 * HOUR) == 1
    assert run(frozen, FIRST + 3 * DAY) == 1


def test_until_the_seventh_and_not_after_it(frozen: FrozenDateTimeFactory) -> None:
    driver()
    assert run(frozen, FIRST + 7 * DAY) == 0
    assert run(frozen, FIRST + 7 * DAY - SECOND) == 1


def test_the_log_of_deliveries_may_be_shorter_than_a_week(frozen: FrozenDateTimeFactory) -> None:
    driver()
    run(frozen, FIRST)
    Delivery.objects.all().delete()
    assert run(frozen, FIRST + 3 * DAY) == 0


def test_each_month_has_one(frozen: FrozenDateTimeFactory) -> None:
    user = driver()
    run(frozen, FIRST)
    parked(user, Venue.objects.get(), FIRST + 3 * DAY)
    assert run(frozen, datetime(2027, 4, 1, tzinfo=UTC)) == 2
    assert run(frozen, datetime(2027, 5, 1, tzinfo=UTC)) == 2


def test_nothing_to_tell_and_not_wanted(frozen: FrozenDateTimeFactory) -> None:
    UserFactory.create(time_zone="UTC")
    driver(monthly_report=False)
    driver(receive_email_updates=False)
    User.objects.filter(pk=driver().pk).update(is_active=False)
    unsubscribed = driver()
    opt_outs.end(opt_outs.letters_to(opt_outs.REPORT, unsubscribed.email))
    cancelled = driver()
    Reservation.objects.filter(guest=cancelled).update(cancelled_at=FIRST - 20 * DAY)
    sleeper = UserFactory.create(time_zone="UTC")
    parked(sleeper, make_venue("hotel"), FIRST - 9 * DAY)
    assert run(frozen, FIRST) == 0


def test_who_unsubscribes_while_it_waits_gets_none(frozen: FrozenDateTimeFactory) -> None:
    user = driver()
    run(frozen, FIRST)
    opt_outs.end(opt_outs.letters_to(opt_outs.REPORT, user.email))
    batches.send_batch(["mail"])
    assert reports().get().outcome == "suppressed"


def told_once() -> list[tuple[type[models.Model], models.UniqueConstraint]]:
    found: list[tuple[type[models.Model], models.UniqueConstraint]] = []
    for model, name in ((Delivery, "delivery_once"), (ToldOnce, "told_once")):
        one = next(each for each in model._meta.constraints if each.name == name)
        assert isinstance(one, models.UniqueConstraint)
        found.append((model, one))
    return found


def sweep_twice_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two sweeps that have both seen that nobody was told."""
    both = threading.Barrier(2, timeout=20)
    add, faults = monthly_reports._add, []

    def wait_and_add(*args: Any) -> None:
        both.wait()
        add(*args)

    def work() -> None:
        try:
            monthly_reports.sweep()
        except BaseException as fault:  # noqa: BLE001
            faults.append(fault)
        finally:
            connection.close()

    monkeypatch.setattr(monthly_reports, "_add", wait_and_add)
    threads = [threading.Thread(target=work) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert faults == []


@pytest.mark.postgres
def test_two_beats_at_once_send_one(
    frozen: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver()
    frozen.move_to(FIRST)
    sweep_twice_at_once(monkeypatch)
    assert reports().count() == ToldOnce.objects.count() == 1


@pytest.mark.postgres
def test_without_the_constraints_two_beats_at_once_send_two(
    frozen: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver()
    frozen.move_to(FIRST)
    with connection.schema_editor() as editor:
        for model, one in told_once():
            editor.remove_constraint(model, one)
    try:
        sweep_twice_at_once(monkeypatch)
        assert reports().count() == 2
    finally:
        Delivery.objects.all().delete()
        ToldOnce.objects.all().delete()
        with connection.schema_editor() as editor:
            for model, one in told_once():
                editor.add_constraint(model, one)


@pytest.mark.parametrize("seed", some(range(12), most=4))
def test_the_figures_are_those_of_a_plain_computation(
    frozen: FrozenDateTimeFactory, seed: int
) -> None:
    rng = Random(seed)
    zone = rng.choice(["Europe/Amsterdam", "America/St_Johns", "Asia/Tokyo", "Pacific/Apia"])
    user, other = (UserFactory.create(time_zone=zone) for _ in range(2))
    venues = [make_venue(kind) for kind in ("parking", "parking", "parking", "hotel")]
    for number, venue in enumerate(venues):
        Venue.objects.filter(pk=venue.pk).update(
            name=f"Lot {number}", currency=rng.choice(["EUR", "JPY"]), time_zone="Asia/Kolkata"
        )
    venues = list(Venue.objects.order_by("pk"))
    now = FIRST + DAY
    for _ in range(60):
        start = FIRST + timedelta(minutes=rng.randrange(-60 * 24 * 60, 2 * 24 * 60))
        fields = _random_facts(rng, start)
        parked(rng.choice([user, user, other]), rng.choice(venues), start, rng.randint(1, 30),
               price_minor=rng.randrange(2_000), **fields)  # fmt: skip
    rows = Reservation.objects.filter(guest=user).select_related("venue")
    for first in (date(2027, 1, 1), FEBRUARY, date(2027, 3, 1)):
        found = parking_month.figures(user, first, ZoneInfo(zone), at=now)
        bookings, lot, spent = plain.figures(rows, first.year, first.month, zone, now)
        assert found.bookings == bookings
        assert (found.lot.name if found.lot else None) == lot
        assert {name: minor for name, minor in found.spent.items() if minor} == {
            name: minor for name, minor in spent.items() if minor
        }
        for month, count in found.by_month:
            assert count == plain.figures(rows, month.year, month.month, zone, now)[0]
        assert len(found.by_month) == parking_month.MONTHS


def _random_facts(rng: Random, start: datetime) -> dict[str, Any]:
    came = start + timedelta(minutes=rng.randint(-25, 25))
    left = came + timedelta(minutes=rng.randint(26, 400))
    recorded = {"is_arrival_assumed": False, "is_departure_assumed": False}
    return rng.choice(
        [
            {},
            {"cancelled_at": start - DAY},
            {"confirmed_at": None, "hold_expires_at": start - DAY},
            {**recorded, "checked_in_at": came, "checked_out_at": left},
            {**recorded, "checked_in_at": came},
            {**recorded, "no_show_at": start + HOUR},
        ]
    )


def test_the_letter_in_text_and_html(
    frozen: FrozenDateTimeFactory, settings: Settings, tmp_path: Path
) -> None:
    settings.EMAIL_BACKEND = "notices.mail.files.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    user = driver(visits=3, language="nl", first_name="Ada", last_name="")
    Venue.objects.update(name="P1 <Zuid>")
    run(frozen, FIRST)
    batches.send_batch(["mail"])
    (file,) = tmp_path.glob("*.eml")
    letter = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert letter["To"] == user.email and letter["List-Unsubscribe"]
    text = letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    html = letter.get_body(("html",)).get_content()  # type: ignore[union-attr]
    for part in (text, html):
        assert "februari 2027" in part and "€\xa015,00" in part and "oktober 2026" in part
    assert "P1 <Zuid> (3 keer)" in text and "P1 &lt;Zuid&gt;" in html
    assert '<html lang="nl">' in html


def test_the_command(frozen: FrozenDateTimeFactory) -> None:
    one, quiet = driver(), driver(monthly_report=False)
    frozen.move_to(FIRST + 20 * DAY)
    out = StringIO()
    call_command("monthly_report", "--month", "2027-02", "--dry-run", stdout=out)
    assert f"{one.email}: yes, has parked" in out.getvalue()
    assert f"{quiet.email}: no, does not want it" in out.getvalue()
    assert reports().count() == 0
    call_command("monthly_report", "--month", "2027-01", "--user", one.email, stdout=out)
    assert f"{one.email}: no, was in no lot in that month" in out.getvalue()
    call_command("monthly_report", "--user", one.email.upper(), stdout=out)
    call_command("monthly_report", "--month", "2027-02", stdout=out)
    assert reports().count() == 1
    assert f"{one.email}: no, has it already" in out.getvalue()
    call_command("monthly_report", "--month", "2027-03", "--dry-run", stdout=out)
    for wrong in (["--month", "March"], ["--user", "nobody@example.com"]):
        with pytest.raises(CommandError):
            call_command("monthly_report", *wrong, stdout=out)


def test_a_report_that_waits_follows_a_changed_address(frozen: FrozenDateTimeFactory) -> None:
    user = driver()
    run(frozen, FIRST)
    User.objects.filter(pk=user.pk).update(email="new@example.com")
    batches.send_batch(["mail"])
    assert (reports().get().outcome, reports().get().to) == ("sent", "new@example.com")


@pytest.mark.parametrize(
    ("own", "reserved", "venues", "language"),
    [
        ("en", "nl", "nl", "en"),
        ("nl", "en", "en", "nl"),
        ("", "nl", "en", "nl"),
        ("", "en", "nl", "en"),
        ("", None, "nl", "nl"),
        ("", "", "nl", "nl"),
        ("", None, "", "en"),
    ],
)
def test_who_has_chosen_no_language_gets_that_of_the_newest_reservation(
    frozen: FrozenDateTimeFactory, settings: Settings, own: str, reserved: str | None,
    venues: str, language: str,
) -> None:  # fmt: skip
    settings.LANGUAGE_CODE = "en"
    user = driver(language=own)
    lot = Venue.objects.get(kind="parking")
    Venue.objects.filter(pk=lot.pk).update(language=venues)
    Reservation.objects.update(language="en" if reserved == "nl" else "nl")
    parked(user, lot, FIRST - 9 * DAY, language=reserved)
    run(frozen, FIRST)
    assert reports().get().language == language
    batches.send_batch(["mail"])
    is_dutch = "januari" in mail.outbox[-1].body or "februari" in mail.outbox[-1].body
    assert is_dutch == (language == "nl")
