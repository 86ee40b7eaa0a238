"""How benchmarks measure: sides in turn, medians of pairs, goals either way."""

import pytest

from benchmarks.failing import Failed
from benchmarks.measuring import Figure, Sample, Side, in_turn, quantile, ratio


def test_sides_have_their_turns_one_after_the_other_after_a_warm_up() -> None:
    turns: list[str] = []

    def side(name: str) -> Side:
        def turn() -> Sample:
            turns.append(name)
            return Sample([1.0], 1.0)

        return Side(name, turn)

    taken = in_turn([side("a"), side("b")], 2, tell=lambda _: None)
    assert turns == ["a", "b"] * 3
    assert [len(samples) for samples in taken.values()] == [2, 2]


def test_a_side_that_answered_nothing_is_a_failure() -> None:
    with pytest.raises(Failed, match="idle"):
        in_turn([Side("idle", lambda: Sample([], 1.0))], 1, tell=lambda _: None)


def test_a_ratio_is_the_median_of_its_pairs_and_tells_their_spread() -> None:
    ours = [Sample([1.0] * count, 1.0) for count in (10, 20, 90)]
    theirs = [Sample([1.0] * 10, 1.0)] * 3
    figure = ratio("ours to theirs", ours, theirs, goal=2)
    assert (figure.value, figure.spread) == (2, (1, 9))
    assert figure.is_reached


@pytest.mark.parametrize(
    ("value", "is_least", "is_reached"),
    [(1.9, True, False), (2.0, True, True), (2.0, False, True), (2.1, False, False)],
)
def test_a_goal_is_a_least_or_a_most(value: float, is_least: bool, is_reached: bool) -> None:
    figure = Figure(what="x", value=value, goal=2, is_least=is_least)
    assert figure.is_reached is is_reached


def test_a_figure_without_a_goal_reaches_nothing() -> None:
    assert Figure(what="x", value=1).is_reached is None


def test_a_quantile_is_one_of_the_times() -> None:
    assert quantile([3.0, 1.0, 2.0], 0.99) == 3.0
    assert quantile([3.0, 1.0, 2.0], 0.0) == 1.0
