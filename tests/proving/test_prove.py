"""The whole command, with processes of its own: what it finds, what it leaves, how it stops."""

import signal
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from config.proving import evidence, ground
from config.proving.acting import Actor
from config.proving.crowd import Crowd
from config.proving.journal import Journal
from config.proving.script import Step
from reservations import clock
from reservations.models import Allocation, Reservation
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


def test_a_client_that_takes_too_long_is_ended_and_its_journal_is_read(tmp_path: Path) -> None:
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], text=True)
    gathered = Crowd(ground=None, seed=1, folder=tmp_path)  # type: ignore[arg-type]
    gathered._await(sleeper, limit=0)
    assert (gathered.slow, sleeper.poll()) == (1, -signal.SIGKILL)


def test_a_deployed_database_without_tables_is_left_to_its_operator(tmp_path: Path) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("a database of this machine is migrated")
    name = f"{connection.settings_dict['NAME']}_empty"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    try:
        code, said = Operator(tmp_path, database=name).prove(*QUIET)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    assert code == 1
    assert "The database lacks migrations, the first is" in said
    assert "manage.py migrate" in said
    assert "Traceback" not in said


def test_rows_are_read_as_of_one_instant(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow client was ended, and its last call is still carried out."""
    if connection.vendor != "postgresql":
        pytest.skip("a database of this machine is written by one at a time")
    made = ground.make()

    def book() -> None:
        actor = Actor(made, 1, Journal(BytesIO()))
        call = actor.act(Step("hold", "room", 10, 2, 1, 1, 0, None))
        assert call is not None and call.outcome == "ok"

    class Meanwhile:
        """Stands for the allocations, which are read after the reservations."""

        @property
        def objects(self) -> Any:
            race(1, book)
            return Allocation.objects

    monkeypatch.setattr(evidence, "Allocation", Meanwhile())
    read = evidence.gather(made, [], read_at=clock.now(), has_guard=True)
    assert Reservation.objects.filter(venue_id=made.venue_id).count() == 1
    assert (len(read.reservations), len(read.allocations), len(read.events)) == (0, 0, 0)


@pytest.mark.long
def test_an_empty_folder_is_migrated_first(tmp_path: Path) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("a deployed database is migrated by its operator")
    empty = tmp_path / "empty"
    empty.mkdir()
    code, said = Operator(empty).prove(*SHORT)
    assert code == 0, said
