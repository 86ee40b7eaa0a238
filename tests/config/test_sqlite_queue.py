"""Writers of SQLite have their turn in the order they asked, and always give it up again."""

import gc
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError, IntegrityError, OperationalError
from pytest_django.plugin import DjangoDbBlocker

from config.sqlite.base import DatabaseWrapper
from config.sqlite.queue import FairLock, lock_of
from guests.models import User


class Owner:
    """Anything that can hold a lock."""


def connect(path: Path, *, timeout: float = 60) -> DatabaseWrapper:
    settings = {
        **connection.settings_dict,
        "NAME": path,
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": timeout},
        "CONN_HEALTH_CHECKS": False,
        "AUTOCOMMIT": True,
    }
    return DatabaseWrapper(settings, alias="default")


@pytest.fixture
def path(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[Path]:
    file = tmp_path / "writers.sqlite3"
    with sqlite3.connect(file) as plain:
        plain.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, word TEXT UNIQUE)")
    plain.close()
    with django_db_blocker.unblock():
        yield file


@contextmanager
def begun(wrapper: DatabaseWrapper) -> Iterator[None]:
    """A transaction as `atomic` opens and closes one."""
    wrapper.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    try:
        yield
    except BaseException:
        wrapper.rollback()
        raise
    else:
        wrapper.commit()
    finally:
        wrapper.set_autocommit(True)


def test_a_file_that_another_has_taken_the_place_of_is_left(path: Path, tmp_path: Path) -> None:
    kept: Any = connect(path)
    with kept.cursor() as cursor:
        cursor.execute("INSERT INTO notes (word) VALUES ('lost')")
    assert kept.is_usable()
    backup = tmp_path / "backup.sqlite3"
    with sqlite3.connect(backup) as plain:
        plain.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, word TEXT UNIQUE)")
    plain.close()
    backup.replace(path)
    assert not kept.is_usable()
    # As the beginning of a request leaves it.
    kept.health_check_enabled, kept.health_check_done = True, False
    with kept.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM notes")
        assert cursor.fetchone() == (0,)
    kept.close()


def is_free(path: Path) -> bool:
    taker = Owner()
    lock = lock_of(path)
    if lock.acquire(taker, timeout=0):
        lock.release(taker)
        return True
    return False


def run_in_thread(act: Callable[..., Any], *args: Any) -> threading.Thread:
    thread = threading.Thread(target=act, args=args)
    thread.start()
    return thread


def test_the_lock_is_handed_on_in_the_order_of_asking() -> None:
    lock, first = FairLock(), Owner()
    order: list[int] = []
    assert lock.acquire(first, timeout=0)

    def wait(number: int) -> None:
        me = Owner()
        assert lock.acquire(me, timeout=60)
        order.append(number)
        lock.release(me)

    threads = []
    for number in range(12):
        threads.append(run_in_thread(wait, number))
        while len(lock._waiting) <= number:
            time.sleep(0.001)
    lock.release(first)
    for thread in threads:
        thread.join(60)
    assert order == list(range(12))


def test_a_late_comer_does_not_overtake_who_waits() -> None:
    lock, first, second, late = FairLock(), Owner(), Owner(), Owner()
    assert lock.acquire(first, timeout=0)
    waiting = run_in_thread(lambda: lock.acquire(second, timeout=60))
    while not lock._waiting:
        time.sleep(0.001)
    lock.release(first)
    waiting.join(60)
    assert lock.is_held_by(second)
    assert not lock.acquire(late, timeout=0)


def test_waiting_ends_after_the_time_given_and_leaves_the_queue() -> None:
    lock, first, second = FairLock(), Owner(), Owner()
    assert lock.acquire(first, timeout=0)
    began = time.monotonic()
    assert not lock.acquire(second, timeout=0.1)
    assert time.monotonic() - began >= 0.1
    assert not lock._waiting
    lock.release(second)
    assert lock.is_held_by(first)


def test_a_lock_whose_owner_is_gone_is_free() -> None:
    lock, first = FairLock(), Owner()
    assert lock.acquire(first, timeout=0)
    del first
    gc.collect()
    assert lock.acquire(Owner(), timeout=0)


def test_one_file_has_one_lock_by_whatever_path(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert lock_of(tmp_path / "real" / "db") is lock_of(str(tmp_path / "link" / "db"))
    assert lock_of(tmp_path / "real" / "db") is not lock_of(tmp_path / "other")


def test_a_transaction_has_its_turn_until_it_commits(path: Path) -> None:
    one = connect(path)
    with begun(one):
        assert not is_free(path)
        with one.cursor() as cursor:
            cursor.execute("INSERT INTO notes (word) VALUES ('a')")
    assert is_free(path)
    one.close()


def test_an_error_gives_the_turn_up(path: Path) -> None:
    one = connect(path)
    with suppress(IntegrityError), begun(one), one.cursor() as cursor:
        cursor.execute("INSERT INTO notes (id) VALUES (1)")
        cursor.execute("INSERT INTO notes (id) VALUES (1)")
    assert is_free(path)
    one.close()


def test_closing_in_the_middle_gives_the_turn_up(path: Path) -> None:
    one = connect(path)
    one.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    assert not is_free(path)
    one.close()
    assert is_free(path)


def test_a_begin_that_fails_gives_the_turn_up(path: Path) -> None:
    other_process = sqlite3.connect(path, isolation_level=None)
    other_process.execute("BEGIN IMMEDIATE")
    one = connect(path, timeout=0.05)
    with pytest.raises(OperationalError, match="database is locked"), begun(one):
        pass
    assert is_free(path)
    other_process.close()
    one.close()


def test_a_refused_commit_keeps_the_turn_until_it_is_rolled_back(path: Path) -> None:
    one = connect(path)
    with one.cursor() as cursor:
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(
            "CREATE TABLE parts (of INTEGER REFERENCES notes (id) DEFERRABLE INITIALLY DEFERRED)"
        )
    one.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    with one.cursor() as cursor:
        cursor.execute("INSERT INTO parts VALUES (404)")
    with pytest.raises(IntegrityError):
        one.commit()
    assert not is_free(path)
    one.rollback()
    assert is_free(path)
    one.close()


def test_who_waits_too_long_is_told_what_sqlite_would_say(path: Path) -> None:
    one, two = connect(path), connect(path, timeout=0.1)
    with begun(one), pytest.raises(OperationalError, match=r"^database is locked$"), begun(two):
        pass
    assert is_free(path)
    one.close()
    two.close()


def test_twenty_writers_all_get_through_and_none_waits_out_of_turn(path: Path) -> None:
    asked: list[int] = []
    written: list[int] = []
    guard = threading.Lock()

    def write(number: int) -> None:
        mine = connect(path)
        mine.ensure_connection()
        for _ in range(5):
            with guard:
                asked.append(number)
            with begun(mine), mine.cursor() as cursor:
                cursor.execute("INSERT INTO notes (word) VALUES (NULL)")
                written.append(number)
        mine.close()

    lock, nobody = lock_of(path), Owner()
    assert lock.acquire(nobody, timeout=0)
    threads = [run_in_thread(write, number) for number in range(20)]
    while len(lock._waiting) < 20:
        time.sleep(0.001)
    # All of them have asked; how fast each thread began plays no part.
    lock.release(nobody)
    for thread in threads:
        thread.join(60)
    assert len(written) == 100
    # Nobody's third turn comes before somebody else's first: that is what starving looks like.
    assert all(written.index(number) < 60 for number in range(20))


@pytest.mark.sqlite
@pytest.mark.django_db
def test_savepoints_and_reading_transactions_work_inside_a_test_case() -> None:
    with transaction.atomic(), suppress(IntegrityError), transaction.atomic():
        User.objects.create(email="a@example.com")
        User.objects.create(email="a@example.com")
    with transaction.atomic():
        assert User.objects.count() == 0


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_django_gives_the_turn_up_on_every_way_out() -> None:
    name = Path(connection.settings_dict["NAME"])
    for fault in (None, ValueError, DatabaseError):
        with suppress(ValueError, DatabaseError), transaction.atomic():
            assert not is_free(name)
            if fault:
                raise fault
        assert is_free(name)
