"""Django's SQLite backend with a fair queue of writers in front of SQLite's lock.

SQLite lets waiting writers poll, and an unlucky one waits until its busy timeout. Here each
transaction takes one lock of the process, in the order of asking. Other processes still meet
SQLite's own lock.
"""

from pathlib import Path
from typing import Any

from django.db.backends.sqlite3 import base
from django.db.backends.sqlite3.schema import DatabaseSchemaEditor
from django.db.utils import OperationalError

from config.sqlite.queue import FairLock, lock_of
from spelling import alphabet

MOST_PATIENT = 5.0
"""Seconds that a writer waits for its turn. Then the API answers 503 with Retry-After."""


class SchemaEditor(DatabaseSchemaEditor):
    """Rebuilds tables that triggers of other tables name."""

    def _remake_table(self, *args: Any, **kwargs: Any) -> None:
        # A rename reads every trigger again, while the table that some of them name does not exist.
        self.execute("PRAGMA legacy_alter_table = ON")
        try:
            super()._remake_table(*args, **kwargs)  # type: ignore[misc]
        finally:
            self.execute("PRAGMA legacy_alter_table = OFF")


class DatabaseWrapper(base.DatabaseWrapper):
    """One connection. It has its turn from BEGIN until commit, rollback or close."""

    SchemaEditorClass = SchemaEditor

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._turn: FairLock | None = None
        self._file: tuple[int, int] | None = None

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Opens a connection that knows the alphabet, and notes which file it is."""
        connection = super().get_new_connection(conn_params)
        connection.create_collation(alphabet.COLLATION, alphabet.compare)
        self._file = _identity(conn_params["database"])
        return connection

    def is_usable(self) -> bool:
        """Returns False if another file has the name by now, such as a restored backup."""
        is_same = self._file == _identity(self.settings_dict["NAME"])
        return is_same and bool(super().is_usable())

    def _start_transaction_under_autocommit(self) -> None:
        self._take_turn()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._end_turn()
            raise

    def _commit(self) -> None:
        # A refused commit leaves the transaction open, and Django rolls it back.
        super()._commit()  # type: ignore[misc]
        self._end_turn()

    def _rollback(self) -> None:
        super()._rollback()  # type: ignore[misc]
        self._end_turn()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self._end_turn()

    def _take_turn(self) -> None:
        lock = lock_of(self.settings_dict["NAME"])
        if self._turn is lock and lock.is_held_by(self):
            return
        patience = min(float(self.settings_dict["OPTIONS"].get("timeout", 5)), MOST_PATIENT)
        if not lock.acquire(self, timeout=patience):
            # In SQLite's own words, which callers recognise.
            raise OperationalError("database is locked")
        self._turn = lock

    def _end_turn(self) -> None:
        turn, self._turn = self._turn, None
        if turn is not None:
            turn.release(self)


def _identity(file: Any) -> tuple[int, int] | None:
    """The device and inode of a file. None if there is no such file."""
    try:
        found = Path(file).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
