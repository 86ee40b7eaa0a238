"""Closing units and changing hours over reservations: the desk lists them, then does it all."""

import re
from datetime import time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from reservations import actions
from reservations.models import Allocation, Event, Reservation
from reservations.requests import Change
from reservations.status import Status
from tests.admin.browsing import said, text_of
from tests.factories import DESK, NOON, add_hours, hold
from tests.reservations.facts import DAY, HOUR, status, unit
from venues.models import Opening, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


def fields_of(page: str) -> dict[str, Any]:
    """The fields that the page would send, as a browser does with nothing chosen."""
    form = page[page.index('id="desk-form"') :]
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input [^>]*>", form):
        name = re.search(r'name="([^"]*)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name and "csrf" not in name[1]:
            found.setdefault(name[1], []).append(value[1] if value else "")
    return found


def options(page: str, row: Reservation) -> list[str]:
    part = page[page.index(f'name="affected-what-{row.pk}"') :]
    return re.findall(r'<option value="([^"]*)"', part[: part.index("</select>")])


def closing(venue: Venue, **fields: Any) -> tuple[str, dict[str, Any]]:
    address = reverse("admin:reservations_allocation_close") + f"?venue={venue.pk}"
    form = {
        "starts_at": "2027-03-01T13:00",
        "ends_at": "2027-03-01T15:00",
        "reason": "paint",
        "units": [venue.resources.get(name="1").pk],
    }
    return address, {**form, **fields}


def on(venue: Venue, name: str, **fields: Any) -> Reservation:
    row = hold(venue, resource=venue.resources.get(name=name).pk, **fields)
    return actions.confirm(reservation_id=row.pk, by=DESK)


def is_closed(venue: Venue) -> bool:
    return Allocation.objects.filter(venue=venue, closure_id__isnull=False).exists()


def test_a_closure_lists_whom_it_touches_and_moves_them(desk: Client, venue: Venue) -> None:
    row = on(venue, "1")
    address, form = closing(venue)
    page = text_of(desk.post(address, form))
    assert row.code in page and "Ada Lovelace" in page and not is_closed(venue)
    sent = {**fields_of(page), "affected-all": "move", "affected-reason": "A leak"}
    assert said(text_of(desk.post(address, sent, follow=True))) == ["Closed at Bistro: 1."]
    assert unit(row) == "2" and is_closed(venue)
    assert Event.objects.filter(name="reservation.modified", data__reason="A leak").count() == 1


def test_each_row_may_be_chosen_by_itself(desk: Client, venue: Venue) -> None:
    first, second = on(venue, "1"), on(venue, "2")
    units = [one.pk for one in venue.resources.all()]
    address, form = closing(venue, units=units)
    page = text_of(desk.post(address, form))
    later = next(one for one in options(page, second) if one.startswith("move|"))
    sent = {
        **fields_of(page),
        f"affected-what-{first.pk}": "keep",
        f"affected-what-{second.pk}": later,
        "affected-reason": "A leak",
    }
    assert said(text_of(desk.post(address, sent, follow=True))) == ["Closed at Bistro: 1, 2."]
    assert (unit(first), status(first, NOON - HOUR)) == ("1", Status.UPCOMING)
    assert Reservation.objects.get(pk=second.pk).starts_at != NOON


def test_nothing_is_done_while_a_choice_or_a_reason_lacks(desk: Client, venue: Venue) -> None:
    row = on(venue, "1")
    address, form = closing(venue)
    page = text_of(desk.post(address, form))
    for more in (
        {},
        {"affected-all": "cancel", "affected-reason": " "},
        {"affected-all": "nonsense"},
    ):
        answer = desk.post(address, {**fields_of(page), **more})
        assert answer.status_code == 409 and "Nothing was done." in text_of(answer)
    assert status(row, NOON - HOUR) is Status.UPCOMING and not is_closed(venue)


def test_a_list_that_changed_is_shown_anew(desk: Client, venue: Venue) -> None:
    row = on(venue, "1")
    address, form = closing(venue)
    page = text_of(desk.post(address, form))
    actions.modify(reservation_id=row.pk, change=Change(details={"remarks": "x"}), by=DESK)
    sent = {**fields_of(page), "affected-all": "cancel", "affected-reason": "A leak"}
    answer = desk.post(address, sent)
    assert "have changed meanwhile" in text_of(answer) and not is_closed(venue)
    again = {**fields_of(text_of(answer)), "affected-all": "cancel", "affected-reason": "A leak"}
    desk.post(address, again)
    assert status(row, NOON - HOUR) is Status.CANCELLED and is_closed(venue)


def test_a_second_click_does_nothing_more(desk: Client, venue: Venue) -> None:
    row = on(venue, "1")
    address, form = closing(venue)
    sent = fields_of(text_of(desk.post(address, form)))
    sent |= {"affected-all": "cancel", "affected-reason": "A leak"}
    for _ in range(2):
        desk.post(address, sent)
    assert Event.objects.filter(name="closure.made").count() == 1
    assert row.events.filter(name="reservation.cancelled").count() == 1


def test_a_retired_unit_has_its_guests_moved_first(desk: Client, venue: Venue) -> None:
    row = on(venue, "1")
    one = venue.resources.get(name="1")
    address = reverse("admin:venues_resource_retire", args=[one.pk])
    page = text_of(desk.post(address))
    assert "keep" not in options(page, row)
    sent = {**fields_of(page), "affected-all": "move", "affected-reason": "Sold"}
    assert "is retired" in said(text_of(desk.post(address, sent, follow=True)))[0]
    one.refresh_from_db()
    assert one.retired_at and unit(row) == "2"


def day_off(venue: Venue) -> tuple[str, dict[str, Any]]:
    return reverse("admin:venues_opening_add"), {"venue": venue.pk, "date": "2027-03-01"}


def test_a_day_off_lists_its_reservations_and_cancels_them(desk: Client, venue: Venue) -> None:
    add_hours(venue, time(8), time(23))
    row, other = on(venue, "1"), on(venue, "2", start=NOON + DAY)
    address, form = day_off(venue)
    page = text_of(desk.post(address, form))
    assert row.code in page and other.code not in page
    assert not Opening.objects.filter(date=NOON.date()).exists()
    sent = {**fields_of(page), "affected-all": "cancel", "affected-reason": "A day off"}
    assert len(said(text_of(desk.post(address, sent, follow=True)))) == 1
    assert Opening.objects.filter(date=NOON.date()).count() == 1
    assert status(row, NOON - HOUR) is Status.CANCELLED
    assert status(other, NOON - HOUR) is Status.UPCOMING


def test_hours_that_touch_nobody_are_saved_at_once(desk: Client, venue: Venue) -> None:
    add_hours(venue, time(8), time(23))
    on(venue, "1", start=NOON + DAY)
    address, form = day_off(venue)
    assert len(said(text_of(desk.post(address, form, follow=True)))) == 1
    assert Opening.objects.filter(date=NOON.date()).count() == 1


def weekly(venue: Venue, closes: str) -> dict[str, Any]:
    """The form of the hours of one row."""
    return {"weekday": "0", "opens": "08:00", "closes": closes}


def test_shorter_hours_ask_and_an_error_in_the_form_does_not(desk: Client, venue: Venue) -> None:
    add_hours(venue, time(8), time(23))
    row = on(venue, "1")
    monday = Opening.objects.get(weekday=0)
    address = reverse("admin:venues_opening_change", args=[monday.pk])
    assert "Give both times" in text_of(desk.post(address, weekly(venue, "")))
    page = text_of(desk.post(address, weekly(venue, "14:00")))
    assert row.code in page
    sent = {**fields_of(page), "affected-all": "offered", "affected-reason": "Shorter hours"}
    desk.post(address, sent)
    monday.refresh_from_db()
    assert monday.closes == time(14)
    moved = Reservation.objects.get(pk=row.pk)
    assert moved.starts_at != NOON
    local = moved.ends_at.astimezone(venue.zone)
    assert local.weekday() != 0 or local.time() <= time(14)


@pytest.mark.parametrize("way", ["delete", "action", "inline"])
def test_deleted_hours_ask_as_well(desk: Client, venue: Venue, way: str) -> None:
    add_hours(venue, time(8), time(23))
    row = on(venue, "1")
    monday = Opening.objects.get(weekday=0)
    form: dict[str, Any] = {"post": "yes"}
    address = reverse("admin:venues_opening_delete", args=[monday.pk])
    if way == "action":
        address = reverse("admin:venues_opening_changelist")
        form |= {"action": "delete_selected", "_selected_action": [monday.pk]}
    elif way == "inline":
        address = reverse("admin:venues_resource_change", args=[venue.resources.get(name="1").pk])
        form = fields_of_admin(text_of(desk.get(address)))
        form |= {
            "openings-TOTAL_FORMS": "1",
            "openings-0-weekday": "1",
            "openings-0-opens": "08:00",
            "openings-0-closes": "20:00",
        }
    page = text_of(desk.post(address, form))
    assert row.code in page, page
    desk.post(address, {**fields_of(page), "affected-all": "keep"})
    assert status(row, NOON - HOUR) is Status.UPCOMING
    assert Opening.objects.filter(pk=monday.pk).exists() is (way == "inline")
    assert Opening.objects.filter(resource__isnull=False).exists() is (way == "inline")


def fields_of_admin(page: str) -> dict[str, Any]:
    """What the page of a unit sends, as far as these tests need it."""
    found = fields_of(page.replace('id="resource_form"', 'id="desk-form"'))
    found = {name: value[0] for name, value in found.items() if not name.startswith("_")}
    category = re.search(r'<option value="(\d+)" selected>', page)
    assert category
    return {**found, "category": category[1], "attributes": "{}", "time_zone": ""}
