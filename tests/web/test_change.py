"""Changing on the pages: seen with its price first, judged by the engine, all or nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from freezegun.api import FrozenDateTimeFactory

from reservations import actions
from reservations.models import Event, Reservation
from reservations.requests import Change
from tests.factories import DESK, NOON, add_category, hold, make_venue
from tests.web.browsing import book, buttons, form_of, text
from venues.models import Rate, Venue

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def row(client: Client, freezer: FrozenDateTimeFactory) -> Reservation:
    """An hour's parking costs ten, on one spot; two hours from NOON, by clocks an hour ahead."""
    venue = make_venue("parking")
    Venue.objects.filter(pk=venue.pk).update(time_zone="Europe/Amsterdam")
    return book(client, venue)


def change_form(client: Client, row: Reservation) -> dict[str, str]:
    return form_of(client.get(f"/reservations/{row.code}/change/"), "version")


def post(client: Client, row: Reservation, form: dict[str, str], **changes: str) -> str:
    return text(client.post(f"/reservations/{row.code}/change/", form | changes, follow=True))


def now_is(row: Reservation) -> tuple[datetime, datetime, int, int]:
    row.refresh_from_db()
    return row.starts_at, row.ends_at, row.guest_count, row.price_minor


def test_the_form_shows_it_as_it_is_by_the_venues_clocks(client: Client, row: Reservation) -> None:
    form = change_form(client, row)
    assert (form["day"], form["from_time"], form["until_time"]) == ("2027-03-01", "13:00", "15:00")
    assert (form["guests"], form["first_name"]) == ("1", "Ada")


def test_another_time_is_shown_with_its_price_before_it_is_saved(
    client: Client, row: Reservation
) -> None:
    before = now_is(row)
    form = change_form(client, row)
    answer = client.post(
        f"/reservations/{row.code}/change/",
        form | {"from_time": "14:00", "until_time": "17:00", "guests": "3"},
    )
    page = text(answer)
    assert "Mon 1 Mar, 14:00 – 17:00" in page and "3 guests" in page
    assert "The price becomes <strong>€30.00</strong>; it was €20.00." in page
    assert now_is(row) == before
    (save,) = buttons(answer, "save")
    page = post(client, row, form_of(answer, "version"), save=save)
    assert "Your reservation is changed." in page
    assert now_is(row) == (NOON + HOUR, NOON + 4 * HOUR, 3, 3_000)


def test_a_new_start_alone_moves_all_of_it(client: Client, row: Reservation) -> None:
    form = change_form(client, row) | {"day": "2027-03-02", "from_time": "23:00"}
    answer = client.post(f"/reservations/{row.code}/change/", form)
    assert "Tue 2 Mar, 23:00 – Wed 3 Mar, 01:00" in text(answer)
    (save,) = buttons(answer, "save")
    post(client, row, form_of(answer, "version"), save=save)
    assert now_is(row)[:2] == (NOON + DAY + 10 * HOUR, NOON + DAY + 12 * HOUR)


def test_contact_alone_is_saved_at_once_and_costs_nothing(client: Client, row: Reservation) -> None:
    Rate.objects.update(amount_minor=9_000)
    page = post(
        client, row, change_form(client, row), phone="+31207654321", remarks="blue", look="yes"
    )
    assert "Your reservation is changed." in page
    row.refresh_from_db()
    assert (row.phone, row.remarks, row.price_minor) == ("+31207654321", "blue", 2_000)
    changed = Event.objects.get(name="reservation.modified").data["changed"]
    assert changed == {
        "phone": {"from": "+31201234567", "to": "+31207654321"},
        "remarks": {"from": "", "to": "blue"},
    }


def test_a_refused_change_changes_nothing_and_offers_others(
    client: Client, row: Reservation
) -> None:
    taken = hold(row.venue, NOON + 4 * HOUR)
    before = now_is(row)
    form = change_form(client, row) | {"from_time": "17:00", "until_time": "19:00"}
    review = client.post(f"/reservations/{row.code}/change/", form | {"remarks": "kept"})
    (save,) = buttons(review, "save")
    refused = client.post(
        f"/reservations/{row.code}/change/", form_of(review, "version") | {"save": save}
    )
    assert refused.status_code == 409
    page = text(refused)
    assert "Somebody was quicker" in page and "Nothing was changed" in page
    assert now_is(row) == before
    others = buttons(refused, "instead")
    assert others
    answer = client.post(
        f"/reservations/{row.code}/change/", form_of(refused, "version") | {"instead": others[0]}
    )
    (save,) = buttons(answer, "save")
    assert "changed." in post(client, row, form_of(answer, "version"), save=save)
    row.refresh_from_db()
    assert row.remarks == "kept" and row.starts_at != taken.starts_at
    assert now_is(row)[0] != before[0]


def test_nights_are_moved_by_their_dates(client: Client, freezer: FrozenDateTimeFactory) -> None:
    hotel = make_venue("hotel")
    made = book(client, hotel, "check_in=2027-03-03&check_out=2027-03-05&category=standard")
    form = change_form(client, made) | {"check_out": "2027-03-08"}
    page = post(client, made, form)
    assert "The price becomes <strong>€50.00</strong>; it was €20.00." in page
    made.refresh_from_db()
    assert f"{made.ends_at:%d}" == "05"


def test_what_was_changed_by_the_venue_meanwhile_is_not_written_over(
    client: Client, row: Reservation
) -> None:
    form = change_form(client, row)
    actions.modify(reservation_id=row.pk, change=Change(details={"remarks": "desk"}), by=DESK)
    page = post(client, row, form, remarks="mine", look="yes")
    assert "This reservation was changed in the meantime" in page
    assert ">desk</textarea>" in page.replace("\n", "")
    row.refresh_from_db()
    assert row.remarks == "desk"


def test_a_time_that_the_clocks_skip_is_told_and_one_shown_twice_is_asked_about(
    client: Client, freezer: FrozenDateTimeFactory, row: Reservation
) -> None:
    form = change_form(client, row)
    skipped = {"day": "2027-03-28", "from_time": "02:30", "until_day": "2027-03-28"}
    page = post(client, row, form | skipped | {"until_time": "04:00"})
    assert "The clocks skip this time on that day" in page
    twice = {"day": "2027-10-31", "from_time": "02:30", "until_day": "2027-10-31"}
    answer = client.post(
        f"/reservations/{row.code}/change/", form | twice | {"until_time": "04:30"}
    )
    starts = [value.partition("&")[0] for value in buttons(answer, "save")]
    assert starts == ["starts_at=2027-10-31T00%3A30%3A00Z", "starts_at=2027-10-31T01%3A30%3A00Z"]


@pytest.mark.parametrize(
    "changes",
    [
        {"until_time": "12:00"},
        {"day": "2027-02-30"},
        {"from_time": "25:00"},
        {"guests": "0"},
        {"guests": "99999999999999999999"},
        {"first_name": ""},
        {"phone": "12"},
        {"version": "x"},
        {"save": "starts_at=nonsense"},
        {"day": "1066-10-14"},
        {"first_name": "\x00"},
    ],
)
def test_absurd_changes_are_told_at_their_field(
    client: Client, row: Reservation, changes: dict[str, str]
) -> None:
    before = now_is(row)
    form = change_form(client, row) | changes
    answer = client.post(f"/reservations/{row.code}/change/", form)
    assert answer.status_code == 422
    assert "There is a problem" in text(answer)
    assert now_is(row) == before


def test_what_is_over_cannot_be_changed(client: Client, row: Reservation) -> None:
    Reservation.objects.filter(pk=row.pk).update(cancelled_at=datetime(2027, 2, 28, tzinfo=UTC))
    page = text(client.get(f"/reservations/{row.code}/change/", follow=True))
    assert "This reservation can no longer be changed." in page


def test_another_category_is_taken_by_the_button_that_offers_it(
    client: Client, row: Reservation
) -> None:
    add_category(row.venue, "large", units=1, capacity=9)
    form = change_form(client, row) | {"guests": "8"}
    review = client.post(f"/reservations/{row.code}/change/", form)
    refused = client.post(
        f"/reservations/{row.code}/change/",
        form_of(review, "version") | {"save": buttons(review, "save")[0]},
    )
    assert "No place here seats so many" in text(refused)
    other = next(one for one in buttons(refused, "instead") if "category=large" in one)
    review = client.post(
        f"/reservations/{row.code}/change/", form_of(refused, "version") | {"instead": other}
    )
    post(client, row, form_of(review, "version"), save=buttons(review, "save")[0])
    row.refresh_from_db()
    assert (row.category.code, row.guest_count) == ("large", 8)


def test_a_unit_with_rates_of_its_own_is_shown_with_the_price_it_will_cost(
    client: Client, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(NOON - DAY)
    venue = make_venue("parking", units=2, unit_choice="guest")
    Venue.objects.filter(pk=venue.pk).update(time_zone="Europe/Amsterdam")
    dear = venue.resources.get(name="1")
    Rate.objects.create(
        venue=venue,
        category=dear.category,
        resource=dear,
        unit=Rate.Unit.HOUR,
        amount_minor=5_000,
    )
    query = f"starts_at={NOON:%Y-%m-%dT%H:%M:%SZ}&ends_at={NOON + 2 * HOUR:%Y-%m-%dT%H:%M:%SZ}"
    row = book(client, venue, f"{query}&resource={dear.pk}")
    assert row.price_minor == 10_000
    form = change_form(client, row) | {"until_time": "16:00"}
    assert "The price becomes <strong>€150.00</strong>" in post(client, row, form)
    post(client, row, form, save="yes")
    assert now_is(row)[3] == 15_000
