"""Every recorded event is of a listed type and its shape, which docs/events.md describes."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, NotRequired, get_args, get_origin, get_type_hints

import pytest
from freezegun.api import FrozenDateTimeFactory

from payments import links, recording, settling
from payments.methods import Method
from payments.models import Checkout
from payments.outside import reversals
from payments.providers.fake import Fake
from payments.recording import Taken
from payments.refunds import card_refunds
from reservations import actions, clock, sweeps
from reservations.corrections.rest_releases import Release, RestCharge
from reservations.event_types import EVENT_TYPES, ONCE, Changed, EventType
from reservations.inventory import closures, lots, venues
from reservations.inventory.decisions import Decision, Outcome
from reservations.inventory.lots import LotWish
from reservations.inventory.venues import VenueWish
from reservations.models import Event
from reservations.pricing.settlement import Charge
from reservations.requests import Change, Reprice, Times
from tests.factories import DESK, NOON, booking, hold, make_venue
from tests.payments.cards import PRICE, begin, held, press
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
    Changed: "object by field",
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
    if wanted == Changed:
        return isinstance(value, dict) and all(set(one) == {"from", "to"} for one in value.values())
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


def a_late_guest_on_another_unit(frozen: FrozenDateTimeFactory) -> None:
    """Arrives on another unit than was given, and leaves late."""
    venue = make_venue(units=2, grace=HOUR, releases_no_shows=True, confirms_at_once=True)
    row = hold(venue)
    frozen.move_to(NOON + HOUR)
    unit = row.allocations.get().resource_id
    actions.hold(
        booking=booking(venue, NOON + HOUR, resource=unit, override_reason="Walk-in"), by=DESK
    )
    actions.check_in(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON + 5 * HOUR)
    actions.check_out(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON - DAY)


def put_right(frozen: FrozenDateTimeFactory) -> None:
    """Confirms after the grace, undoes arrival and departure, and reinstates."""
    venue = make_venue("restaurant", step=None, hold_time=2 * DAY, grace=HOUR)
    row = hold(venue, override_reason="A regular")
    frozen.move_to(NOON + HOUR // 2)
    actions.confirm(reservation_id=row.pk, by=DESK)
    actions.check_in(reservation_id=row.pk, by=DESK)
    actions.check_out(reservation_id=row.pk, by=DESK)
    actions.undo_check_out(reservation_id=row.pk, reason="Wrong guest", by=DESK)
    actions.undo_check_in(reservation_id=row.pk, reason="Wrong guest", by=DESK)
    actions.cancel(reservation_id=row.pk, by=DESK)
    actions.reinstate(reservation_id=row.pk, reason="Wrong guest", by=DESK)
    gone = Release(charge=RestCharge.FEE, reason="Did not come")
    late = actions.confirm(reservation_id=hold(venue, NOON + 3 * HOUR).pk, by=DESK)
    frozen.move_to(NOON + 4 * HOUR)
    actions.release_rest(reservation_id=late.pk, release=gone, by=DESK)
    frozen.move_to(NOON - DAY)


def one_a_day() -> None:
    venue = make_venue(
        "restaurant", units=1, unit_choice="guest", per_day=Policy.PerDay.REPLACE, step=None
    )
    by, unit = guest(), venue.resources.get().pk
    for hours in (0, 3):
        hold(venue, NOON + hours * HOUR, by=by, resource=unit)


def at_the_desk(frozen: FrozenDateTimeFactory) -> None:
    lot = make_venue(units=2, unit_choice="guest")
    pair = [hold(lot, resource=unit.pk) for unit in lot.resources.all()]
    pks = [row.pk for row in pair]
    actions.swap(venue=lot.slug, reservations=pks, reason="They asked", by=DESK)
    frozen.move_to(NOON - HOUR)
    wish = booking(lot, times=Times(ends_at=NOON), is_walk_in=True, override_reason="A friend")
    actions.walk_in(booking=wish, by=DESK)
    frozen.move_to(NOON)
    for row in pair:
        actions.check_in(reservation_id=row.pk, by=DESK, override_reason="A couple")


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
    night = Times(check_in=NOON.date(), check_out=NOON.date() + DAY)
    row = hold(venue, times=night)
    closures.close(
        venue_id=venue.pk,
        resource_ids=units,
        window=window,
        reason="Paint",
        by=DESK,
        decided={row.pk: Decision(outcome=Outcome.CANCEL, version=row.version)},
        notice="Paint",
    )
    wish = VenueWish(fields={"name": "Inn", "time_zone": "UTC", "currency": "EUR"})
    inn = venues.open_venue(kind="hotel", wish=wish, by=DESK)
    venues.change_venue(slug=inn.slug, wish=VenueWish(fields={"city": "Utrecht"}), by=DESK)
    venues.close_venue(slug=inn.slug, by=DESK)
    lot = lots.open_lot(wish=LotWish(name="Lot", capacity=2, price_minor=100), by=DESK)
    lots.change_lot(slug=lot.slug, wish=LotWish(address="Quay 1"), by=DESK)
    lots.close_lot(slug=lot.slug, by=DESK)


def amounts_put_right() -> None:
    venue = make_venue("restaurant", units=2, confirms_at_once=True, cancel_fee_percent=50)
    venue.policy.cancel_deadline = 99 * DAY
    venue.policy.save()
    row, other = hold(venue), hold(venue)
    shorter = Times(starts_at=NOON + 9 * HOUR, ends_at=NOON + 11 * HOUR)
    change = Change(times=shorter, accept_fee=True, reprice=Reprice.ALL, reason="A storm")
    actions.modify(reservation_id=row.pk, change=change, by=DESK)
    actions.waive_fee(reservation_id=row.pk, by=DESK, reason="A storm")
    actions.adjust_price(reservation_id=row.pk, by=DESK, amount_minor=1, reason="A friend")
    recording.record(row.pk, Taken(method=Method.CASH, amount_minor=5), by=DESK)
    recording.give_back(row.pk, amount_minor=2, reason="A friend", by=DESK)
    change = Change(times=shorter, accept_fee=False, reason="A storm")
    actions.modify(reservation_id=other.pk, change=change, by=DESK)


def payments_by_card() -> None:
    refused, given_up = held(), held()
    press(begin(refused), "decline")
    press(begin(given_up))
    actions.cancel(reservation_id=given_up.pk, by=DESK)
    for checkout in Checkout.objects.all():
        settling.settle(checkout.pk)


def paid_by_card() -> Checkout:
    row = held()
    links.send(row.pk, by=DESK)
    checkout = begin(row)
    press(checkout)
    return settling.settle(checkout.pk)


def money_that_others_move() -> None:
    """Disputed at the bank, given back on the provider's pages, and a refund it refuses."""
    disputed, outside, refused = (paid_by_card() for _ in range(3))
    reading = replace(Fake().read(disputed.ref), disputed_minor=PRICE)
    reversals.note(disputed.pk, reading, asked_at=clock.now())
    for checkout in (outside, refused):
        Fake().refund(checkout.ref, amount_minor=PRICE, key=f"by hand {checkout.pk}")
    reversals.ask(outside.pk)
    actions.cancel(reservation_id=refused.payments.get().reservation_id, by=DESK)
    card_refunds.settle_waiting()
    card_refunds.send_waiting()


def an_early_departure() -> None:
    row = hold(make_venue(early_check_in=99 * DAY))
    actions.check_in(reservation_id=row.pk, by=DESK)
    actions.check_out(reservation_id=row.pk, by=DESK, charge=Charge.ALL, reason="Ill")


@pytest.mark.django_db(transaction=True)
def test_all_that_happens_is_recorded_in_the_declared_shape(frozen: FrozenDateTimeFactory) -> None:
    one_a_day()
    a_reseat()
    amounts_put_right()
    an_early_departure()
    payments_by_card()
    money_that_others_move()
    keeping_venues()
    a_late_guest_on_another_unit(frozen)
    put_right(frozen)
    lives_of_reservations(frozen)
    frozen.move_to(NOON - DAY)
    at_the_desk(frozen)
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
    (once,) = (one for one in Event._meta.constraints if one.name == "event_once_a_round")
    assert once.condition.children == [("name__in", ONCE)]  # type: ignore[attr-defined]
