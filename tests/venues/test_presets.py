"""What is usual for each kind of venue is valid, and is what the requirements say."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from venues import kinds, presets
from venues.models import Policy

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.mark.parametrize("kind", kinds.codes())
def test_every_kind_has_a_valid_preset(kind: str) -> None:
    venue = presets.create_venue(slug="one", name="One", kind=kind)
    venue.refresh_from_db()
    venue.full_clean()
    venue.policy.full_clean()
    assert venue.mode == kinds.named(kind).mode


@pytest.mark.parametrize(
    ("kind", "notice"), [("hotel", DAY), ("practice", DAY), ("restaurant", None), ("parking", None)]
)
def test_hotels_and_practices_ask_for_a_day_the_others_for_none(
    kind: str, notice: timedelta | None
) -> None:
    assert presets.policy_for(kind).notice == (notice or timedelta(0))


@pytest.mark.parametrize("kind", ["hotel", "practice"])
def test_what_must_be_confirmed_is_held_for_half_an_hour(kind: str) -> None:
    policy = presets.policy_for(kind)
    assert (policy.confirms_at_once, policy.hold_time) == (False, timedelta(minutes=30))


def test_parking_gives_the_first_available_confirmed_at_once() -> None:
    policy = presets.policy_for("parking")
    assert policy.unit_choice == Policy.UnitChoice.VENUE
    assert policy.confirms_at_once and policy.guests_check_in


def test_any_value_of_a_preset_can_be_another() -> None:
    venue = presets.create_venue(
        slug="one",
        name="One",
        kind="hotel",
        mode="time",
        currency="JPY",
        policy={"notice": timedelta(hours=1)},
    )
    assert (venue.mode, venue.currency, venue.policy.notice) == ("time", "JPY", DAY / 24)


@pytest.mark.parametrize(
    "fields",
    [
        {"time_zone": "Mars/Olympus"},
        {"currency": "euro"},
        {"phone_region": "nl"},
        {"stars": 6},
        {"slug": "not a slug"},
        {"mode": "weekly"},
        {"policy": {"cancel_fee_percent": 101}},
        {"policy": {"state_change_rate": "often"}},
        {"policy": {"hold_time": timedelta(0)}},
        {"policy": {"step": timedelta(0)}},
        {"policy": {"grace": -DAY}},
    ],
)
def test_what_makes_no_sense_is_refused(fields: dict[str, object]) -> None:
    wanted = {"slug": "one", "name": "One", "kind": "hotel"} | fields
    with pytest.raises(ValidationError):
        presets.create_venue(**wanted)  # type: ignore[arg-type]


def test_a_slug_is_given_once() -> None:
    presets.create_venue(slug="one", name="One", kind="hotel")
    with pytest.raises(ValidationError):
        presets.create_venue(slug="one", name="Two", kind="hotel")
