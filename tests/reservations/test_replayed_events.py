"""The events of a reservation, replayed from its creation, give the row as it is now."""

from datetime import datetime
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reservations import actions, sweeps
from reservations.corrections.rest_releases import Release, RestCharge
from reservations.errors import Refusal
from reservations.models import Reservation
from reservations.requests import Change, Times
from reservations.rules import differences
from tests.effort import examples
from tests.factories import DESK, NOON, add_category, hold, make_venue
from tests.reservations.facts import DAY, HOUR, MINUTE
from venues.models import Venue

FACT_OF = {
    "confirmed": "confirmed_at",
    "checked_in": "checked_in_at",
    "checked_out": "checked_out_at",
    "cancelled": "cancelled_at",
    "expired": "expired_at",
    "completed": "completed_at",
    "missed": "missed_at",
}


def as_now(row: Reservation) -> dict[str, Any]:
    found = Reservation.objects.select_related("venue", "category").get(pk=row.pk)
    return dict(differences.of(found))


def replayed(row: Reservation, created: dict[str, Any]) -> dict[str, Any]:
    """The row that the events make of the row as it was created."""
    state = dict(created)
    for event in row.events.order_by("pk"):
        for name, change in event.data.get("changed", {}).items():
            # What is given up takes no unit; no event of it repeats that.
            assert name == "units" or state[name] == change["from"], (event.name, name)
            assert change["from"] != change["to"], (event.name, name)
            state[name] = change["to"]
        name = event.name.removeprefix("reservation.")
        state["price_minor"] += event.data.get("overstay_minor", 0)
        if name == "cancelled":
            state["fee_due_minor"] += event.data.get("fee_minor", 0)
        if name in FACT_OF and name != "created":
            zone = row.venue.zone
            state[FACT_OF[name]] = event.at.astimezone(zone).isoformat()
    return state


def verbs(row: Reservation, units: list[int]) -> dict[str, Any]:
    key: dict[str, Any] = {"reservation_id": row.pk, "by": DESK}
    why: dict[str, Any] = {"reason": "By mistake"}

    def modify(**wish: Any) -> Any:
        change = Change(override_reason="As it is", **wish)
        return lambda: actions.modify(change=change, **key)

    def moved(start: datetime, hours: int) -> Any:
        return modify(times=Times(starts_at=start, ends_at=start + hours * HOUR))

    came: dict[str, Any] = {"arrived_at": NOON + MINUTE}
    gone = Release(since=NOON + HOUR, charge=RestCharge.FEE, reason="Did not come")
    return {
        "confirm": lambda: actions.confirm(**key),
        "check in": lambda: actions.check_in(**key),
        "check out": lambda: actions.check_out(**key),
        "cancel": lambda: actions.cancel(**key),
        "undo check-in": lambda: actions.undo_check_in(**why, **key),
        "undo check-out": lambda: actions.undo_check_out(**why, **key),
        "reinstate": lambda: actions.reinstate(**why, **key),
        "reinstate late": lambda: actions.reinstate(**why, **came, **key),
        "release": lambda: actions.release_rest(release=gone, **key),
        "later": moved(NOON + 30 * MINUTE, 2),
        "longer": modify(times=Times(ends_at=NOON + 5 * HOUR)),
        "other unit": modify(resource=units[1]),
        "better": modify(category="suite"),
        "party": modify(guest_count=3),
        "contact": modify(details={"last_name": "Byron", "remarks": "By the window."}),
        "sweep": sweep,
    }


def sweep() -> None:
    sweeps.expire_holds()
    sweeps.mark_no_shows()
    sweeps.complete_stays()


def world() -> Venue:
    venue = make_venue(
        "restaurant", units=2, step=None, grace=HOUR, hold_time=DAY, releases_no_shows=True,
        early_check_in=HOUR, cancel_fee_percent=50, cancel_deadline=2 * DAY,
    )  # fmt: skip
    add_category(venue, "suite", units=1)
    return venue


NAMES = sorted(verbs(Reservation(), [0, 0]))


@pytest.mark.django_db(transaction=True)
@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 80)), max_size=14))
def test_replaying_the_events_gives_the_present_row(
    frozen: FrozenDateTimeFactory, steps: list[tuple[str, int]]
) -> None:
    frozen.move_to(NOON - 2 * HOUR)
    row = hold(world(), category="standard")
    units = list(row.venue.resources.order_by("pk").values_list("pk", flat=True))
    created, acts = as_now(row), verbs(row, units)
    for name, minutes in steps:
        frozen.tick(minutes * MINUTE)
        try:
            acts[name]()
        except Refusal:
            continue
    found, wanted = replayed(row, created), as_now(row)
    for told in (found, wanted):
        told.pop("units")
    assert found == wanted


@pytest.mark.django_db
def test_moving_a_room_says_the_rooms_and_nothing_else(frozen: FrozenDateTimeFactory) -> None:
    row = hold(world(), category="standard")
    other = row.venue.resources.order_by("pk")[1]
    actions.modify(reservation_id=row.pk, change=Change(resource=other.pk), by=DESK)
    changed = row.events.get(name="reservation.modified").data["changed"]
    assert changed == {"units": {"from": ["1"], "to": ["2"]}}


@pytest.mark.django_db
def test_times_are_the_venues_and_categories_have_names(frozen: FrozenDateTimeFactory) -> None:
    venue = world()
    Venue.objects.filter(pk=venue.pk).update(time_zone="Europe/Amsterdam")
    row = hold(venue, category="standard")
    wish = Change(times=Times(ends_at=NOON + 3 * HOUR), category="suite")
    actions.modify(reservation_id=row.pk, change=wish, by=DESK)
    changed = row.events.get(name="reservation.modified").data["changed"]
    assert changed["ends_at"] == {
        "from": "2027-03-01T15:00:00+01:00",
        "to": "2027-03-01T16:00:00+01:00",
    }
    assert changed["category"] == {"from": "Standard", "to": "Suite"}
    assert changed["units"] == {"from": ["1"], "to": ["3"]}
    assert not set(changed) & {"guest_count", "phone", "cancel_free_until"}
