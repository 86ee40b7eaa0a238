"""The checks of `prove` know undoing, reinstating, releasing and groups, and find what is wrong."""

import inspect
from collections.abc import Callable, Iterator
from copy import copy, deepcopy
from dataclasses import replace
from pathlib import Path

import pytest

from config.proving import acting, checks, journal, script
from config.proving.evidence import Evidence
from config.proving.ground import GRACE
from config.proving.journal import Call
from reservations import actions
from reservations.models import Allocation, Event
from tests.proving.test_checks import (
    EVENTS,
    GROUPS,
    KEPT,
    PROMISED,
    SMALL,
    Story,
    broken,
    of,
    row_of,
)

pytestmark = pytest.mark.django_db(transaction=True)

HAS_TIME = "Who is promised time has it, and who gave it up has not"

VERBS = (
    "undo check-in",
    "undo check-out",
    "reinstate",
    "release the rest",
    "confirm a group",
    "cancel a group",
    "check a group in",
    "check a group out",
    "adjust the price",
    "waive the fee",
    "complete",
)


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    path = tmp_path / "1.journal"
    with journal.journal(path) as written:
        yield Story(path, written)


def live(story: Story) -> Evidence:
    """A no-show whose rest is released, a guest who came and left by mistake, one who cancelled and
    comes after all, and two groups.
    """
    held = story.call("hold a unit", "confirm")
    story.now = held.seen[0].starts_at + GRACE
    story.call("release the rest", "adjust the price")
    story.call("hold a unit", "confirm", "check in", "undo check-in")
    story.call("check in", "check out", "undo check-out")
    story.call("hold", "confirm", "cancel", "waive the fee", "reinstate")
    story.call("hold a group", "confirm a group", "check a group in", "check a group out")
    story.call("hold", "confirm", "complete")
    story.call("hold a group", "cancel a group")
    return story.evidence()


_lived: list[Evidence] = []


@pytest.fixture
def found(request: pytest.FixtureRequest) -> Evidence:
    """Lived through once; each test harms a copy of its own."""
    if not _lived:
        _lived.append(live(request.getfixturevalue("story")))
    return deepcopy(_lived[0])


def test_a_history_of_corrections_breaks_no_promise(found: Evidence) -> None:
    done = {call.verb for call in found.calls if call.outcome == "ok"}
    assert done >= set(VERBS)
    assert checks.judge(found) == {promise: [] for promise in checks.PROMISES}


def test_lost_answers_of_corrections_break_no_promise(found: Evidence) -> None:
    for call in found.calls:
        if call.verb in VERBS:
            call.outcome, call.seen, call.answered_at = "unknown", [], None
    assert broken(found) == set()


def rows_of(found: Evidence, verb: str) -> list[Allocation]:
    """The live allocations of the reservation that this call returned."""
    pk = row_of(found, verb).pk
    return [one for one in found.allocations if one.reservation_id == pk and one.is_live]


def event_of(found: Evidence, verb: str, name: str) -> Event:
    """The last event of this name of the reservation that this call returned."""
    pk = row_of(found, verb).pk
    told = [one for one in found.events if one.reservation_id == pk]
    return next(one for one in reversed(told) if one.name == f"reservation.{name}")


def be_gone_yet(found: Evidence) -> None:
    row = row_of(found, "undo check-out")
    row.checked_out_at = of(found, "check out").seen[0].checked_out_at


def be_here_yet(found: Evidence) -> None:
    """The first arrival comes back, which was undone."""
    row_of(found, "undo check-in").checked_in_at = of(found, "check in").seen[0].checked_in_at


def be_cancelled_yet(found: Evidence) -> None:
    row_of(found, "reinstate").cancelled_at = of(found, "cancel").seen[0].cancelled_at


def lose_the_time_of_a_guest_who_is_back(found: Evidence) -> None:
    for one in rows_of(found, "undo check-out"):
        one.is_live = False


def lose_the_time_of_a_reinstated_one(found: Evidence) -> None:
    for one in rows_of(found, "reinstate"):
        one.ends_at -= SMALL


def keep_the_time_of_a_released_one(found: Evidence) -> None:
    row = row_of(found, "release the rest")
    # On a unit of nobody else, where the guard would say nothing.
    found.allocations.append(
        Allocation(
            reservation_id=row.pk,
            resource_id=10**6,
            starts_at=found.read_at,
            ends_at=row.ends_at,
            is_live=True,
        )
    )


def keep_the_time_of_a_cancelled_group(found: Evidence) -> None:
    pk = row_of(found, "cancel a group").pk
    one = next(one for one in found.allocations if one.reservation_id == pk)
    one.is_live, one.lapses_at = True, None


def promise_what_a_guest_has_again(found: Evidence) -> None:
    """Another was told of the unit after the departure from it was undone."""
    call = copy(of(found, "undo check-out"))
    call.number = 901
    call.verb, call.about = "hold a unit", None
    (mine,) = {one.resource_id for one in rows_of(found, "undo check-out")}
    call.unit = mine
    call.seen = [replace(row, id=9_001) for row in call.seen]
    assert call.answered_at is not None
    call.answered_at += SMALL / 2
    found.calls.append(call)


def tell_the_undo_twice(found: Evidence) -> None:
    found.events.append(event_of(found, "undo check-in", "check_in_undone"))


def tell_no_undo(found: Evidence) -> None:
    found.events.remove(event_of(found, "undo check-out", "check_out_undone"))


def tell_no_release(found: Evidence) -> None:
    found.events.remove(event_of(found, "release the rest", "rest_released"))


def tell_an_adjustment_of_nobody(found: Evidence) -> None:
    found.calls.remove(of(found, "adjust the price"))


def begin_no_round(found: Evidence) -> None:
    event_of(found, "reinstate", "reinstated").round -= 1


def skip_a_round(found: Evidence) -> None:
    row_of(found, "reinstate").round += 1


def arrive_twice_in_a_round(found: Evidence) -> None:
    first = event_of(found, "undo check-in", "checked_in")
    twin = copy(first)
    found.events.insert(found.events.index(first), twin)


def owe_more(found: Evidence) -> None:
    row_of(found, "waive the fee").fee_due_minor += 1


def cost_more(found: Evidence) -> None:
    row_of(found, "undo check-out").price_minor += 1


def confirm_a_part(found: Evidence) -> None:
    call = of(found, "confirm a group")
    call.seen[0] = replace(call.seen[0], confirmed_at=None)


def let_a_part_in(found: Evidence) -> None:
    call = of(found, "check a group in")
    call.seen[1] = replace(call.seen[1], checked_in_at=None)


def let_a_part_out(found: Evidence) -> None:
    call = of(found, "check a group out")
    call.seen[1] = replace(call.seen[1], checked_out_at=None)


def answer_a_part(found: Evidence) -> None:
    del of(found, "cancel a group").seen[0]


@pytest.mark.parametrize(
    ("harm", "promise"),
    [
        (be_gone_yet, KEPT),
        (be_here_yet, EVENTS),
        (be_cancelled_yet, KEPT),
        (owe_more, KEPT),
        (cost_more, KEPT),
        (lose_the_time_of_a_guest_who_is_back, HAS_TIME),
        (lose_the_time_of_a_reinstated_one, HAS_TIME),
        (keep_the_time_of_a_released_one, HAS_TIME),
        (keep_the_time_of_a_cancelled_group, HAS_TIME),
        (promise_what_a_guest_has_again, PROMISED),
        (tell_the_undo_twice, EVENTS),
        (tell_no_undo, EVENTS),
        (tell_no_release, EVENTS),
        (tell_an_adjustment_of_nobody, EVENTS),
        (begin_no_round, EVENTS),
        (skip_a_round, EVENTS),
        (arrive_twice_in_a_round, EVENTS),
        (confirm_a_part, GROUPS),
        (let_a_part_in, GROUPS),
        (let_a_part_out, GROUPS),
        (answer_a_part, GROUPS),
    ],
)
def test_what_breaks_a_promise_is_found(
    found: Evidence, harm: Callable[[Evidence], None], promise: str
) -> None:
    harm(found)
    assert promise in broken(found)


def test_time_given_up_may_be_promised_to_others(story: Story) -> None:
    """A departure ends the claim, and undoing it is refused once others have the time."""
    story.call("hold a unit", "confirm", "check in", "check out")
    assert story.call("hold a unit").outcome == "ok"
    assert story.call("undo check-out").code == "held_by_other"
    assert broken(story.evidence()) == set()


def test_prove_knows_each_verb_of_the_engine() -> None:
    verbs = {
        name
        for name, verb in inspect.getmembers(actions, inspect.isfunction)
        if verb.__module__ == actions.__name__ and not name.startswith("_")
    }
    # The desk's shorthand for `complete` and `check_out`.
    verbs -= {"release"}
    # What payments do when a provider has taken money: tests/payments races them.
    verbs -= {"confirm_paid", "confirm_late"}
    called = inspect.getsource(acting)
    assert [verb for verb in sorted(verbs) if f"actions.{verb}" not in called] == []


def test_each_verb_of_the_script_is_carried_out(story: Story) -> None:
    for verb in script.WEIGHTS:
        call = story.play(script.Step(verb, "room", 10, 2, 1, 2, 0, None))
        assert call is None or isinstance(call, Call)
        assert call is None or call.outcome in ("ok", "refused"), call
