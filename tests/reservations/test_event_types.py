"""Every recorded event is of a listed type and its shape, which docs/events.md describes."""

import re
from pathlib import Path
from typing import Annotated, Any, NotRequired, get_args, get_origin, get_type_hints

import pytest
from freezegun.api import FrozenDateTimeFactory

from reservations import actions, sweeps
from reservations.event_types import EVENT_TYPES, ONCE, EventType
from reservations.inventory import closures, lots, venues
from reservations.inventory.lots import LotWish
from reservations.inventory.venues import VenueWish
from reservations.models import Event
from reservations.requests import Change, Times
from tests.factories import DESK, NOON, hold, make_venue
from tests.reservations.facts import DAY, HOUR, guest
from tests.reservations.test_pools import ranked, stagger
from venues.hours import Window
from venues.models import Policy

PAGE = Path(__file__).resolve().parents[2] / "docs" / "events.md"
WORDS: dict[Any, str] = {
    str: "text",
    int: "whole number",
    bool: "true or false",
    list[str]: "list of text",
    int | None: "whole number or null",
}

Shape = dict[str, tuple[Any, str, bool]]


def shape_of(kind: EventType[Any]) -> Shape:
    """By key: the type, the meaning, whether it is always there."""
    found: Shape = {}
    for key, hint in get_type_hints(kind.shape, include_extras=True).items():
        is_optional = get_origin(hint) is NotRequired
        inner = get_args(hint)[0] if is_optional else hint
        assert get_origin(inner) is Annotated, f"{kind.name} does not say what {key} means"
        told_type, meaning = get_args(inner)
        found[key] = (told_type, meaning, not is_optional)
    return found


def fits(value: object, wanted: Any) -> bool:
    if wanted == list[str]:
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    if wanted == int | None:
        return value is None or type(value) is int
    return type(value) is wanted


def misfit(event: Event) -> str:
    """What is wrong with the data of an event; empty where it is of its declared shape."""
    kinds = {one.name: one for one in EVENT_TYPES}
    if event.name not in kinds:
        return f"{event.name} is not in EVENT_TYPES"
    shape = shape_of(kinds[event.name])
    for key, value in event.data.items():
        if key not in shape or not fits(value, shape[key][0]):
            return f"{event.name} has {key}: {value!r}"
    missing = [
        key for key, (_, _, is_always) in shape.items() if is_always and key not in event.data
    ]
    return f"{event.name} lacks {missing}" if missing else ""


def lives_of_reservations(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue("restaurant", units=4, hold_time=HOUR, early_check_in=2 * DAY, step=None)
    stay, given_up, missed, _lapsed = (hold(venue) for _ in range(4))
    for row in (stay, given_up, missed):
        actions.confirm(reservation_id=row.pk, by=DESK)
    later = Times(starts_at=NOON + HOUR, ends_at=NOON + 3 * HOUR)
    actions.modify(reservation_id=stay.pk, change=Change(times=later), by=DESK)
    actions.modify(reservation_id=stay.pk, change=Change(details={"remarks": "Late."}), by=DESK)
    far = Times(starts_at=NOON + 900 * DAY, ends_at=NOON + 900 * DAY + HOUR)
    change = Change(times=far, override_reason="A wedding")
    actions.modify(reservation_id=given_up.pk, change=change, by=DESK)
    actions.cancel(reservation_id=given_up.pk, by=DESK)
    hold(venue, NOON + 901 * DAY, override_reason="A wedding")
    frozen.move_to(NOON + HOUR)
    actions.check_in(reservation_id=stay.pk, by=DESK)
    sweeps.expire_holds()
    sweeps.mark_no_shows()
    actions.check_out(reservation_id=stay.pk, by=DESK)


def stays_without_a_desk(frozen: FrozenDateTimeFactory) -> None:
    lot = make_venue(records_arrival=False, records_departure=False)
    hold(lot)
    hold(make_venue("restaurant", confirms_at_once=True), override_reason="A wedding")
    left = hold(lot, NOON + 3 * HOUR)
    actions.complete(reservation_id=left.pk, by=DESK)
    frozen.move_to(NOON + 2 * HOUR)
    sweeps.complete_stays()


def one_a_day() -> None:
    venue = make_venue(
        "restaurant", units=1, unit_choice="guest", per_day=Policy.PerDay.REPLACE, step=None
    )
    by, unit = guest(), venue.resources.get().pk
    for hours in (0, 3):
        hold(venue, NOON + hours * HOUR, by=by, resource=unit)


def a_reseat() -> None:
    venue = ranked()
    stagger(venue)
    hold(venue, NOON, 2)


def keeping_venues() -> None:
    venue = make_venue("hotel")
    window = Window(NOON, NOON + DAY)
    units = [unit.pk for unit in venue.resources.all()]
    closure = closures.close(
        venue_id=venue.pk, resource_ids=units, window=window, reason="Paint", by=DESK
    )
    closures.reopen(closure_id=closure, by=DESK)
    wish = VenueWish(fields={"name": "Inn", "time_zone": "UTC", "currency": "EUR"})
    inn = venues.open_venue(kind="hotel", wish=wish, by=DESK)
    venues.change_venue(slug=inn.slug, wish=VenueWish(fields={"city": "Utrecht"}), by=DESK)
    venues.close_venue(slug=inn.slug, by=DESK)
    lot = lots.open_lot(wish=LotWish(name="Lot", capacity=2, price_minor=100), by=DESK)
    lots.change_lot(slug=lot.slug, wish=LotWish(address="Quay 1"), by=DESK)
    lots.close_lot(slug=lot.slug, by=DESK)


@pytest.mark.django_db
def test_all_that_happens_is_recorded_in_the_declared_shape(frozen: FrozenDateTimeFactory) -> None:
    one_a_day()
    a_reseat()
    keeping_venues()
    lives_of_reservations(frozen)
    frozen.move_to(NOON - DAY)
    stays_without_a_desk(frozen)
    recorded = list(Event.objects.all())
    assert [wrong for wrong in map(misfit, recorded) if wrong] == []
    assert {event.name for event in recorded} == {one.name for one in EVENT_TYPES}
    seen = {(event.name, key) for event in recorded for key in event.data}
    declared = {(kind.name, key) for kind in EVENT_TYPES for key in shape_of(kind)}
    assert declared - seen == set()


def test_data_of_another_shape_is_found() -> None:
    wrong = [
        Event(name="reservation.given_up"),
        Event(name="reservation.cancelled", data={"fee_minor": "5"}),
        Event(name="reservation.cancelled", data={"fee": 5}),
        Event(name="reservation.modified", data={}),
        Event(name="closure.made", data={"closure": "1", "units": [1], "reason": ""}),
        Event(name="lot.opened", data={"capacity": True}),
    ]
    assert all(misfit(event) for event in wrong)


def sections() -> dict[str, str]:
    """The page's text by event, in its order."""
    parts = re.split(r"^## (.+)$", PAGE.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_page_describes_each_event_and_no_other_in_the_order_of_the_list() -> None:
    assert list(sections()) == [one.name for one in EVENT_TYPES]


@pytest.mark.parametrize("kind", EVENT_TYPES, ids=lambda kind: kind.name)
def test_the_page_says_what_the_data_of_an_event_is(kind: EventType[Any]) -> None:
    text = sections()[kind.name]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", text, flags=re.MULTILINE)
    shape = shape_of(kind).items()
    assert rows == [(key, WORDS[told_type], meaning) for key, (told_type, meaning, _) in shape]
    assert text.strip().startswith("Once. ") is kind.is_once


def test_what_is_not_always_there_says_when_it_is_absent() -> None:
    for kind in EVENT_TYPES:
        for _, meaning, is_always in shape_of(kind).values():
            assert is_always or "absent" in meaning, (kind.name, meaning)


def test_what_happens_once_is_as_the_constraint_has_it() -> None:
    (once,) = (one for one in Event._meta.constraints if one.name == "event_once")
    assert once.condition.children == [("name__in", ONCE)]  # type: ignore[attr-defined]
