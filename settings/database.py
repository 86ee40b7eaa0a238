"""The database: SQLite in DATA_DIR when embedded, PostgreSQL with DATABASE_URL."""

from typing import Any

from settings.environment import DATA_DIR, database_url, flag, integer

_url = database_url("DATABASE_URL")
_lock_timeout = integer("DATABASE_LOCK_TIMEOUT_MS", 2_000, least=1)
_max_age = integer("DATABASE_CONN_MAX_AGE", 60)
_statement_timeout = integer("DATABASE_STATEMENT_TIMEOUT_MS", 30_000, least=1)

if _url:
    DATABASES: dict[str, dict[str, Any]] = {
        "default": {
            **_url,
            "ENGINE": "config.postgres",
            "CONN_MAX_AGE": _max_age,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": {
                **_url.get("OPTIONS", {}),
                "connect_timeout": 5,
                # PostgreSQL plans the hold statement once a connection. A pooler that shares
                # connections between transactions may not keep plans (DATABASE_PREPARE=0).
                "prepare_threshold": 5 if flag("DATABASE_PREPARE", default=True) else None,
                "options": (
                    f"-c lock_timeout={_lock_timeout} "
                    f"-c statement_timeout={_statement_timeout} "
                    "-c idle_in_transaction_session_timeout=60000 "
                    # Compiling takes 14 times as long as reading a snapshot, with optimisation 180
                    # times. The planner's estimates start it from two, and from ten million rows.
                    "-c jit=off"
                ),
            },
        }
    }
else:
    DATABASES = {
        "default": {
            "ENGINE": "config.sqlite",
            "NAME": DATA_DIR / "holdfast.sqlite3",
            # Opening and closing the file takes several times as long as a booking.
            "CONN_MAX_AGE": _max_age,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": {
                # Writers wait. Otherwise they fail when a read becomes a write.
                "transaction_mode": "IMMEDIATE",
                "timeout": 5,
                "init_command": (
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
                    # Who is erased leaves no text in pages that are free.
                    "PRAGMA secure_delete=ON;"
                ),
            },
            # The threads of a test need one file: they cannot share a database in memory.
            "TEST": {"NAME": DATA_DIR / "test.sqlite3"},
        }
    }

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ATOMIC_REQUESTS = False
