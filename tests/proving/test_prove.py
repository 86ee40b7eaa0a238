"""The whole command, with processes of its own: what it finds, what it leaves, how it stops."""

import signal
import subprocess
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from config.proving import ground
from tests.guests.races import race
from tests.proving.running import PATIENCE, Operator, operator
from tests.reservations.guard import no_guard

pytestmark = pytest.mark.django_db(transaction=True)

SHORT = ("--clients", "2", "--seconds", "2", "--kills", "1", "--seed", "7")
QUIET = ("--clients", "1", "--seconds", "1", "--kills", "0")
LONG = ("--clients", "1", "--seconds", "100", "--kills", "0")


def wait_until_it_plays(running: subprocess.Popen[str]) -> None:
    assert running.stdout is not None
    assert "clients for 100 s" in running.stdout.readline()


def until_sold_twice(mine: Operator) -> tuple[int, str]:
    """Play twice as long each time until it happened; a busy machine plays little in a second."""
    for seconds in (2, 4, 8, 16, 32, 64, 128):
        code, said = mine.prove("--clients", "2", "--seconds", str(seconds), "--kills", "1")
        if "is taken twice at" in said and "BROKEN  Nothing was promised twice" in said:
            break
    return code, said


@pytest.mark.long
def test_a_sound_engine_keeps_every_promise_and_nothing_stays_behind(tmp_path: Path) -> None:
    mine = operator(tmp_path)
    code, said = mine.prove(*SHORT)
    assert code == 0, said
    assert "BROKEN" not in said
    assert "--seed 7" in said
    assert "Proven" in said
    assert mine.scratch_venues() == 0


@pytest.mark.long
def test_without_guard_and_looking_it_says_what_was_sold_twice(tmp_path: Path) -> None:
    with no_guard():
        mine = operator(tmp_path, "tests.proving.blind_settings")
        code, said = until_sold_twice(mine)
        assert mine.scratch_venues() == 0
    assert code == 1, said
    assert "BROKEN  The database has its guard" in said
    assert "BROKEN  No instant of any unit is taken twice" in said
    assert "is taken twice at" in said
    assert "BROKEN  Nothing was promised twice at any moment" in said


@pytest.mark.long
def test_with_the_guard_not_even_an_engine_that_does_not_look_sells_twice(tmp_path: Path) -> None:
    mine = operator(tmp_path, "tests.proving.blind_settings")
    code, said = mine.prove(*SHORT, "--keep")
    assert "kept    No instant of any unit is taken twice" in said
    assert "kept    Nothing was promised twice at any moment" in said
    assert code == 0, said
    assert "Kept as venue scratch--" in said
    assert mine.scratch_venues() == 1


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_stopped_in_the_middle_it_takes_everything_away(tmp_path: Path, by: signal.Signals) -> None:
    mine = operator(tmp_path)
    running = mine.start(*LONG)
    wait_until_it_plays(running)
    running.send_signal(by)
    said, _ = running.communicate(timeout=PATIENCE)
    assert running.returncode == 130, said
    assert "nothing is proven" in said
    assert "Traceback" not in said
    assert mine.scratch_venues() == 0


@pytest.mark.long
def test_what_a_killed_run_left_is_taken_away_by_the_next(tmp_path: Path) -> None:
    mine = operator(tmp_path)
    running = mine.start(*LONG)
    wait_until_it_plays(running)
    running.kill()
    running.communicate()
    assert mine.scratch_venues() == 1
    code, said = mine.prove(*QUIET)
    assert code == 0, said
    assert "Removed scratch--" in said
    assert mine.scratch_venues() == 0


def test_one_at_a_time() -> None:
    def prove() -> None:
        with ground.alone():
            pass

    with ground.alone():
        (refusal,) = race(1, prove)
    assert isinstance(refusal, CommandError)
    assert "Another prove is running" in str(refusal)


@pytest.mark.parametrize("option", ["--clients", "--seconds"])
def test_numbers_that_mean_nothing_are_refused(option: str) -> None:
    with pytest.raises(CommandError, match="give a number above 0"):
        call_command("prove", option, "0")
