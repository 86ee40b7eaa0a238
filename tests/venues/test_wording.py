"""A policy in numbers for machines and in sentences for people."""

from datetime import time, timedelta
from typing import Any

import pytest

from venues import presets, wording
from venues.models import Policy, Venue


def told(kind: str, mode: str = "time", **changes: Any) -> list[str]:
    venue = Venue(kind=kind, mode=mode)
    venue.policy = presets.policy_for(kind, **changes)
    return wording.sentences(venue)


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(0), "no time"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(minutes=90), "1 hour 30 minutes"),
        (timedelta(days=1), "1 day"),
        (timedelta(days=2, hours=3, minutes=4, seconds=5), "2 days 3 hours 4 minutes 5 seconds"),
    ],
)
def test_a_length_is_told_in_the_largest_units_that_say_it(length: timedelta, words: str) -> None:
    assert wording.duration(length) == words


def test_a_hotel_tells_when_to_come_and_go_and_what_a_late_change_costs() -> None:
    assert told("hotel", "night") == [
        "Check in from 15:00, check out by 11:00.",
        "Book at least 1 day ahead.",
        "Book at most 500 days ahead.",
        "Stay at most 60 days.",
        "We hold your reservation for 30 minutes; confirm it in that time.",
        "Cancelling is free until 2 days before; after that 100% of the price.",
    ]


def test_a_restaurant_tells_how_long_a_table_is_kept() -> None:
    assert "We keep your place for 20 minutes after the start." in told("restaurant")


def test_parking_tells_that_there_is_no_choice_and_nothing_of_holds() -> None:
    sentences = told("parking")
    assert sentences[-1] == "You are given the first place that is available."
    assert not any("hold your reservation" in sentence for sentence in sentences)
    assert "Cancelling is free until the start." in sentences


def test_a_practice_tells_how_many_a_day_and_no_length_that_its_slots_have_anyway() -> None:
    assert told("practice", "slot") == [
        "Book at least 1 day ahead.",
        "Book at most 180 days ahead.",
        "We hold your reservation for 30 minutes; confirm it in that time.",
        "Cancelling is free until the start.",
        "You may have one a day with each; booking a second gives up the first.",
    ]
    refusing = told("practice", "slot", per_day="refuse")
    assert refusing[-1] == "You may have one a day with each; a second is refused."


def test_a_policy_without_rules_says_only_what_cancelling_costs() -> None:
    nothing = told(
        "parking", horizon=None, longest_stay=None, releases_no_shows=False, unit_choice="guest"
    )
    assert nothing == ["Cancelling is free until the start."]


def test_numbers_are_seconds_and_clock_times() -> None:
    numbers = wording.numbers(Policy(notice=timedelta(hours=1), check_in_time=time(14, 30)))
    assert (numbers["notice"], numbers["horizon"]) == (3_600, None)
    assert (numbers["check_in_time"], numbers["check_out_time"]) == ("14:30", "11:00")
    assert numbers["confirms_at_once"] is False
