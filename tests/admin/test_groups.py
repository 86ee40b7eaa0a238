"""A group at the desk: made in one form, and confirmed, checked in and cancelled together."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from freezegun.api import FrozenDateTimeFactory

from guests.models import User
from reservations import actions
from reservations.models import AccessRecord, Reservation
from reservations.status import Status
from tests.admin.browsing import address, browser_of, fault_beside, faults, press, said, text_of
from tests.factories import DESK, NOON, add_category, booking, hold, make_venue
from tests.guests.factories import StaffFactory
from venues.models import Policy, Rate, Resource, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

NEW = "/admin/groups/new/"
DAY = timedelta(days=1)
BOOKER = {"first_name": "Ada", "last_name": "Byron", "phone": "+31201234567"}
TIMES = {"starts_at": "2027-03-01T13:00", "ends_at": "2027-03-01T15:00"}


@pytest.fixture(autouse=True)
def holds(venue: Venue) -> None:
    """The restaurant has three tables and one on the terrace, and holds what is asked for."""
    standard = venue.categories.get()
    Resource.objects.create(venue=venue, category=standard, name="3", capacity=4, floor=1)
    terrace = add_category(venue, "terrace", units=1)
    Rate.objects.create(venue=venue, category=terrace, unit=Rate.Unit.FLAT, amount_minor=2_000)
    Policy.objects.filter(venue=venue).update(confirms_at_once=False, step=None)


def form_of(browser: Client, venue: Venue) -> dict[str, Any]:
    page = text_of(browser.get(NEW, {"venue": venue.pk}))
    once = re.search(r'name="once" value="([^"]+)"', page)
    assert once is not None
    return {"once": once[1], "lines": 3, "for_venue": venue.pk, **BOOKER, **TIMES}


def made(browser: Client, venue: Venue, *counts: int, **fields: Any) -> str:
    lines = {f"guest_count_{number}": count for number, count in enumerate(counts)}
    return text_of(browser.post(NEW, {**form_of(browser, venue), **lines, **fields}, follow=True))


def group(venue: Venue, count: int = 3) -> list[Reservation]:
    return actions.hold_group(bookings=[booking(venue) for _ in range(count)], by=DESK)


def act(browser: Client, verb: str, rows: list[Reservation], **more: Any) -> str:
    """Press a button of the group's page for these members."""
    sent = {"verb": verb, "only": [row.pk for row in rows], "for_venue": rows[0].venue_id, **more}
    return text_of(browser.post(page_of(rows), sent, follow=True))


def page_of(rows: list[Reservation]) -> str:
    return f"/admin/groups/{rows[0].group_id}/"


def states(at: Any = NOON - DAY) -> list[Status]:
    return [row.status_at(at) for row in Reservation.objects.order_by("pk")]


def test_a_group_is_made_in_one_form_with_a_name_for_each(desk: Client, venue: Venue) -> None:
    terrace = venue.categories.get(code="terrace")
    named = {"first_name_1": "Bea", "last_name_1": "Cole", "category_1": terrace.pk}
    page = made(desk, venue, 2, 4, remarks="by the door", **named)
    first, second = Reservation.objects.order_by("pk")
    assert first.group_id == second.group_id is not None
    assert (first.last_name, first.guest_count) == ("Byron", 2)
    assert (second.first_name, second.last_name, second.guest_count) == ("Bea", "Cole", 4)
    assert second.category == terrace and first.phone == second.phone == "+31201234567"
    assert first.remarks == "by the door" and second.remarks == "Booked by Ada Byron. by the door"
    assert states() == [Status.HELD] * 2
    assert "The group is held" in said(page)[0] and "Group of 2 at Bistro" in page
    assert AccessRecord.objects.filter(place="desk:group").count() == 2


def test_the_same_form_twice_makes_one_group_and_altered_it_asks(
    desk: Client, venue: Venue
) -> None:
    sent = {**form_of(desk, venue), "guest_count_0": 1, "guest_count_1": 1}
    for _ in range(2):
        assert "Group of 2" in text_of(desk.post(NEW, sent, follow=True))
    assert Reservation.objects.count() == 2
    told = text_of(desk.post(NEW, {**sent, "last_name": "Cole"}, follow=True))
    assert "made a group already" in said(told)[0] and "Cole" in told
    assert Reservation.objects.count() == 2


def test_a_group_that_does_not_fit_is_not_made_and_is_offered_another_time(
    desk: Client, venue: Venue
) -> None:
    hold(venue)
    page = made(desk, venue, 4, 4, 4)
    assert Reservation.objects.count() == 1
    assert faults(page) and "Instead, this is free" in page
    offered = re.search(
        r'desk-instead.*?<form method="post" novalidate>(.*?)</form>', page, re.DOTALL
    )
    assert offered is not None
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', offered[1]))
    assert "Group of 3" in text_of(desk.post(NEW, fields, follow=True))
    assert Reservation.objects.count() == 4


def test_lines_are_added_and_keep_what_was_typed(desk: Client, venue: Venue) -> None:
    sent = {**form_of(desk, venue), "guest_count_0": 2, "last_name_1": "Cole", "more": "More lines"}
    page = text_of(desk.post(NEW, sent))
    assert 'name="guest_count_5"' in page and 'value="Cole"' in page and "Byron" in page
    assert not faults(page) and not Reservation.objects.exists()
    most = text_of(desk.post(NEW, {**sent, "lines": 19}))
    assert 'name="guest_count_19"' in most and 'name="guest_count_20"' not in most
    assert 'name="more"' not in most


def test_the_line_that_is_refused_is_named(desk: Client, venue: Venue) -> None:
    page = made(desk, venue, 2, 99)
    assert fault_beside(page, "guest_count_1").endswith("(party_too_large)")
    assert not fault_beside(page, "guest_count_0") and not Reservation.objects.exists()


@pytest.mark.parametrize(
    ("fields", "told"),
    [({}, "Fill in at least one line."),
     ({"last_name_0": "Cole"}, "Say how many guests"),
     ({"guest_count_0": 1, "phone": "1"}, "phone"),
     ({"guest_count_0": 1, "last_name_0": "A name that is too long"}, "at most 15")],
)  # fmt: skip
def test_a_form_with_a_fault_says_where(
    desk: Client, venue: Venue, fields: dict[str, Any], told: str
) -> None:
    page = made(desk, venue, **fields)
    assert any(told in one for one in faults(page)), faults(page)
    assert not Reservation.objects.exists()


def test_all_or_some_are_confirmed_in_one_act(desk: Client, venue: Venue) -> None:
    rows = group(venue)
    assert "2 are confirmed." in said(act(desk, "confirm", rows[:2]))[0]
    assert states() == [Status.UPCOMING, Status.UPCOMING, Status.HELD]
    act(desk, "confirm", rows)
    assert states() == [Status.UPCOMING] * 3
    # A second click changes nothing.
    before = list(Reservation.objects.order_by("pk").values_list("version", flat=True))
    act(desk, "confirm", rows)
    assert list(Reservation.objects.order_by("pk").values_list("version", flat=True)) == before


def test_what_stands_against_it_is_named_and_nothing_is_done(
    desk: Client, venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    rows = group(venue)
    Reservation.objects.filter(pk=rows[1].pk).update(
        hold_expires_at=NOON - DAY, first_name="Bea", last_name="Cole"
    )
    frozen.tick(1)
    told = said(act(desk, "confirm", rows))[0]
    assert f"Nothing was done, because of {rows[1].code} (Bea Cole)" in told
    assert states(NOON - DAY + timedelta(seconds=1)) == [Status.HELD, Status.EXPIRED, Status.HELD]


def test_a_group_comes_and_goes_together(
    desk: Client, venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    rows = group(venue)
    act(desk, "confirm", rows)
    early = said(act(desk, "check_in", rows))[0]
    assert "too early" in early and states() == [Status.UPCOMING] * 3
    frozen.move_to(NOON)
    assert "3 are checked in." in said(act(desk, "check_in", rows))[0]
    assert states(NOON) == [Status.PRESENT] * 3
    frozen.tick(60)
    now = NOON + timedelta(minutes=1)
    assert "2 are checked out." in said(act(desk, "check_out", rows[1:]))[0]
    assert states(now) == [Status.PRESENT, Status.LEFT, Status.LEFT]
    page = text_of(desk.get(page_of(rows)))
    assert 'value="check_out"' in page and 'value="confirm"' not in page


def test_who_has_not_come_stands_against_checking_all_out(
    desk: Client, venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    rows = group(venue)
    act(desk, "confirm", rows)
    frozen.move_to(NOON)
    act(desk, "check_in", rows[:2])
    told = said(act(desk, "check_out", rows))[0]
    assert rows[2].code in told and states(NOON)[:2] == [Status.PRESENT] * 2


def test_cancelling_asks_first_and_says_what_it_costs(desk: Client, venue: Venue) -> None:
    rows = group(venue)
    act(desk, "confirm", rows)
    page = act(desk, "cancel", rows[:2])
    assert "Cancel 2 of the group?" in page and states() == [Status.UPCOMING] * 3
    assert rows[0].code in page and rows[2].code not in page
    assert "2 are cancelled." in said(act(desk, "cancel", rows[:2], sure="1"))[0]
    assert states() == [Status.CANCELLED, Status.CANCELLED, Status.UPCOMING]


def test_who_was_cancelled_meanwhile_is_left_out_and_named(desk: Client, venue: Venue) -> None:
    rows = group(venue)
    actions.cancel(reservation_id=rows[0].pk, by=DESK)
    told = said(act(desk, "confirm", rows))
    assert f"Left out, since they are cancelled: {rows[0].code}." in told
    assert "2 are confirmed." in told
    assert states() == [Status.CANCELLED, Status.UPCOMING, Status.UPCOMING]


def test_nothing_ticked_does_nothing(desk: Client, venue: Venue) -> None:
    rows = group(venue)
    sent = {"verb": "confirm", "for_venue": venue.pk}
    assert "tick at least one" in said(text_of(desk.post(page_of(rows), sent, follow=True)))[0]
    other = hold(make_venue("restaurant"))
    sent["only"] = other.pk
    assert "tick at least one" in said(text_of(desk.post(page_of(rows), sent, follow=True)))[0]
    assert desk.post(page_of(rows), {"verb": "erase", "only": rows[0].pk}).status_code == 404
    assert set(states()) == {Status.HELD}


def test_one_alone_that_is_confirmed_warns_of_the_others(desk: Client, venue: Venue) -> None:
    rows = group(venue)
    told = said(press(desk, "confirm", rows[0]))
    assert any("2 others of the group are still held" in one for one in told)
    page = text_of(desk.get(address("change", rows[0])))
    assert page_of(rows) in page and "2 others are held and lapse unless" in page


def test_the_group_is_reached_from_the_day_the_list_and_the_timeline(
    desk: Client, venue: Venue
) -> None:
    rows = group(venue, 2)
    for one in ("/admin/today/?day=2027-02-28", "/admin/timeline/?day=2027-03-01",
                "/admin/reservations/reservation/"):  # fmt: skip
        assert page_of(rows) in text_of(desk.get(one)), one
    assert NEW in text_of(desk.get("/admin/today/"))
    line = text_of(desk.get("/admin/timeline/?day=2027-03-01"))
    assert line.count('aria-label="Group A"') == 2


def test_the_form_of_one_venue_does_nothing_at_another(
    clerk: User, venue: Venue, elsewhere: Venue
) -> None:
    rows = group(venue, 2)
    browser = browser_of(StaffFactory.create(staff_venues=[venue, elsewhere]))
    sent = {"verb": "confirm", "only": [row.pk for row in rows], "for_venue": elsewhere.pk}
    assert browser.post(page_of(rows), sent).status_code == 404
    assert states() == [Status.HELD] * 2
    stranger = browser_of(StaffFactory.create(staff_venues=[elsewhere]))
    for one in (page_of(rows), f"{page_of(rows)}cancel/"):
        assert stranger.get(one).status_code == 404
