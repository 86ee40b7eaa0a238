"""Each check of `prove` finds what it is there for, in a history that is sound but for that."""

from collections.abc import Callable, Iterator
from copy import copy, deepcopy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from config.proving import acting, checks, evidence, ground, journal, looking
from config.proving.acting import Actor
from config.proving.evidence import Evidence
from config.proving.ground import HOLD_TIME, Ground
from config.proving.journal import Call, Journal
from config.proving.script import Step, steps
from reservations import clock
from reservations.models import Allocation, Event, Reservation
from tests.factories import NOON
from tests.reservations.facts import SECOND
from tests.reservations.guard import no_guard

pytestmark = pytest.mark.django_db(transaction=True)

SMALL = timedelta(milliseconds=10)
LENGTH = 16

GUARD = "The database has its guard"
TAKEN = "No instant of any unit is taken twice"
PROMISED = "Nothing was promised twice at any moment"
THERE = "What was acknowledged is there, what was refused is not"
KEPT = "Every reservation is as it was answered"
ORDER = "No answer went back in time"
EVENTS = "Every event once, in an order that makes sense"
LAPSES = "No hold outlives its time"
GROUPS = "No group in part"
FAULTS = "No fault, and nothing wrong to be seen at any moment"


def step(verb: str, *, category: str = "room") -> Step:
    """Always the same range, the first unit, and the newest reservation."""
    return Step(
        verb=verb, category=category, ahead=10, length=LENGTH, party=1, count=3, pick=0, edge=None
    )


class Story:
    """A few calls at a scratch venue, one after the other, by the engine's own clock."""

    def __init__(self, path: Path, written: Journal) -> None:
        self.ground: Ground = ground.make()
        self.path = path
        self.now = NOON
        self.actor = Actor(self.ground, 1, written)

    def play(self, each: Step) -> Call | None:
        self.now += SMALL
        with clock.at(self.now):
            return self.actor.act(each)

    def call(self, *verbs: str, category: str = "room") -> Call:
        for verb in verbs:
            done = self.play(step(verb, category=category))
        assert done is not None
        return done

    def evidence(self) -> Evidence:
        calls = journal.read([self.path])
        with clock.at(self.now + HOLD_TIME):
            acting.sweep(self.ground.venue_id)
            return evidence.gather(self.ground, calls, read_at=clock.now(), has_guard=True)


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    path = tmp_path / "1.journal"
    with journal.journal(path) as written:
        yield Story(path, written)


@pytest.fixture
def found(request: pytest.FixtureRequest) -> Evidence:
    """A unit promised, moved, and refused to another; one cancelled; a group, and a lapsed hold.

    Lived through once; each test harms a copy of its own.
    """
    if not _lived:
        _lived.append(live(request.getfixturevalue("story")))
    return deepcopy(_lived[0])


_lived: list[Evidence] = []


def live(story: Story) -> Evidence:
    story.call("hold a unit", "confirm", "modify")
    assert story.call("hold a unit").outcome == "refused"
    story.call("hold", "cancel")
    story.call("hold a group")
    story.call("close", category="table")
    return story.evidence()


def broken(found: Evidence) -> set[str]:
    return {promise for promise, violations in checks.judge(found).items() if violations}


def of(found: Evidence, verb: str) -> Call:
    """The first call of a verb."""
    return next(call for call in found.calls if call.verb == verb)


def row_of(found: Evidence, verb: str) -> Reservation:
    """The reservation that this call was answered with."""
    return found.reservations[of(found, verb).seen[0].id]


def test_a_sound_history_breaks_no_promise(found: Evidence) -> None:
    assert checks.judge(found) == {promise: [] for promise in checks.PROMISES}


def test_a_client_s_whole_script_breaks_no_promise(story: Story) -> None:
    for number, each in enumerate(steps(seed=11, client=1)):
        story.now += 5 * SMALL
        story.play(each)
        if number == 150:
            break
    told = story.evidence()
    verbs = {call.verb for call in told.calls if call.outcome == "ok"}
    assert verbs >= {"modify", "check in", "hold together", "look", "walk in", "swap units"}
    assert checks.judge(told) == {promise: [] for promise in checks.PROMISES}


def lose(found: Evidence) -> None:
    del found.reservations[of(found, "hold a unit").seen[0].id]


def refuse(found: Evidence) -> None:
    of(found, "hold").outcome = "refused"


def make_twice(found: Evidence) -> None:
    row = copy(row_of(found, "hold"))
    row.pk += 1_000
    found.reservations[row.pk] = row


def make_unasked(found: Evidence) -> None:
    row_of(found, "hold").remarks = "9-9/1"


def forget_a_fact(found: Evidence) -> None:
    row_of(found, "cancel").cancelled_at = None


def change_unasked(found: Evidence) -> None:
    row_of(found, "cancel").version += 1


def change_back(found: Evidence) -> None:
    row_of(found, "modify").version -= 1


def cancel_unasked(found: Evidence) -> None:
    row_of(found, "confirm").cancelled_at = NOON


def take_twice(found: Evidence) -> None:
    row = copy(next(row for row in found.allocations if row.is_live))
    row.starts_at += SECOND
    found.allocations.append(row)


def promise_twice(found: Evidence) -> None:
    """Another was told of the same unit while the first could rely on it."""
    call = copy(of(found, "modify"))
    call.number, call.unit = 901, of(found, "hold a unit").unit
    call.seen = [replace(row, id=9_001) for row in call.seen]
    assert call.answered_at is not None
    call.answered_at += SMALL / 2
    found.calls.append(call)


def promise_too_much(found: Evidence) -> None:
    """Another four of what three have, where there are six."""
    for number in range(4):
        call = copy(of(found, "hold a group"))
        call.number, call.seen = 910 + number, [replace(call.seen[0], id=9_010 + number)]
        found.calls.append(call)


def go_back(found: Evidence) -> None:
    call = copy(of(found, "hold"))
    call.verb, call.number = "confirm", 902
    call.asked_at = call.answered_at = found.read_at
    found.calls.append(call)


def tell_twice(found: Evidence) -> None:
    found.events.append(found.events[0])


def tell_nothing(found: Evidence) -> None:
    found.events.remove(next(one for one in found.events if one.name.endswith("cancelled")))


def tell_no_change(found: Evidence) -> None:
    found.events.remove(next(one for one in found.events if one.name.endswith("modified")))


def tell_out_of_turn(found: Evidence) -> None:
    found.events.reverse()


def outlive(found: Evidence) -> None:
    row_of(found, "hold a group").expired_at = None


def take_on(found: Evidence) -> None:
    row = row_of(found, "hold a group")
    next(one for one in found.allocations if one.reservation_id == row.pk).is_live = True


def be_both(found: Evidence) -> None:
    row = row_of(found, "confirm")
    row.expired_at = row.hold_expires_at


def confirm_late(found: Evidence) -> None:
    row = row_of(found, "confirm")
    row.confirmed_at = row.hold_expires_at


def expire_early(found: Evidence) -> None:
    row_of(found, "hold a group").expired_at = NOON


def refuse_for_a_lapsed_one(found: Evidence) -> None:
    call = next(one for one in found.calls if one.outcome == "refused")
    call.code, call.frees_at = "held_by_other", call.asked_at


def say_expired_too_early(found: Evidence) -> None:
    call = copy(of(found, "cancel"))
    call.number, call.outcome, call.code, call.seen = 903, "refused", "hold_expired", []
    found.calls.append(call)


def lose_a_part(found: Evidence) -> None:
    del found.reservations[of(found, "hold a group").seen[0].id]


def part_a_group(found: Evidence) -> None:
    row_of(found, "hold a group").group_id = None


def fail(found: Evidence) -> None:
    of(found, "close").outcome = "fault"


def not_find(found: Evidence) -> None:
    next(one for one in found.calls if one.outcome == "refused").code = "not_found"


def see(found: Evidence) -> None:
    of(found, "close").outcome = "seen"


def drop_the_guard(found: Evidence) -> None:
    found.has_guard = False


@pytest.mark.parametrize(
    ("harm", "promise"),
    [
        (drop_the_guard, GUARD),
        (take_twice, TAKEN),
        (promise_twice, PROMISED),
        (promise_too_much, PROMISED),
        (lose, THERE),
        (refuse, THERE),
        (make_twice, THERE),
        (make_unasked, THERE),
        (forget_a_fact, KEPT),
        (change_unasked, KEPT),
        (change_back, KEPT),
        (cancel_unasked, KEPT),
        (go_back, ORDER),
        (tell_twice, EVENTS),
        (tell_nothing, EVENTS),
        (tell_no_change, EVENTS),
        (tell_out_of_turn, EVENTS),
        (outlive, LAPSES),
        (take_on, LAPSES),
        (be_both, LAPSES),
        (confirm_late, LAPSES),
        (expire_early, LAPSES),
        (refuse_for_a_lapsed_one, LAPSES),
        (say_expired_too_early, LAPSES),
        (lose_a_part, GROUPS),
        (part_a_group, GROUPS),
        (fail, FAULTS),
        (not_find, FAULTS),
        (see, FAULTS),
    ],
)
def test_what_breaks_a_promise_is_found(
    found: Evidence, harm: Callable[[Evidence], None], promise: str
) -> None:
    harm(found)
    assert promise in broken(found)


def test_an_unknown_call_may_have_been_carried_out_or_not(found: Evidence) -> None:
    for verb in ("hold a unit", "hold", "hold a group", "cancel", "close"):
        call = of(found, verb)
        call.outcome, call.seen, call.answered_at = "unknown", [], None
    assert broken(found) == set()
    lost = copy(of(found, "hold"))
    lost.number = 904
    found.calls.append(lost)
    assert broken(found) == set()


def test_a_look_sees_what_is_taken_twice_and_a_group_in_part(story: Story) -> None:
    venue_id = story.ground.venue_id
    story.call("hold a group")
    assert story.call("look").outcome == "ok"
    part = Reservation.objects.filter(venue_id=venue_id).first()
    assert part is not None
    Allocation.objects.filter(reservation=part).delete()
    Event.objects.filter(reservation=part).delete()
    part.delete()
    assert "only a part" in story.call("look").code
    with no_guard():
        row = Allocation.objects.filter(venue_id=venue_id).first()
        assert row is not None
        row.pk = None
        row.starts_at += SECOND
        row.save(force_insert=True)
        with clock.at(story.now):
            assert "taken twice" in looking.fault(venue_id)


def test_a_cut_off_journal_is_read_to_where_it_was_cut(tmp_path: Path, story: Story) -> None:
    story.call("hold", "confirm")
    whole = story.path.read_bytes()
    story.path.write_bytes(whole[:-10])
    held, confirmed = journal.read([story.path])
    assert (held.outcome, confirmed.outcome) == ("ok", "unknown")
    assert confirmed.answered_at is None
