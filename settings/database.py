"""Where facts are kept: SQLite in DATA_DIR when embedded, PostgreSQL through DATABASE_URL."""

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
                # The one hot statement is planned once a connection; a pooler that hands
                # connections on after each transaction may not keep plans (DATABASE_PREPARE=0).
                "prepare_threshold": 5 if flag("DATABASE_PREPARE", default=True) else None,
                "options": (
                    f"-c lock_timeout={_lock_timeout} "
                    f"-c statement_timeout={_statement_timeout} "
                    "-c idle_in_transaction_session_timeout=60000 "
                    # Compiling costs 14 times what a look at a board takes, optimised 180 times.
                    # What the planner expects of it sets that off from two, and ten million rows.
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
            # To open the file and to close it costs several times what a booking does.
            "CONN_MAX_AGE": _max_age,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": {
                # Writers queue instead of failing when they upgrade a read to a write.
                "transaction_mode": "IMMEDIATE",
                "timeout": 5,
                "init_command": (
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                ),
            },
            # Threads of one test need the same file, which a memory database cannot give them.
            "TEST": {"NAME": DATA_DIR / "test.sqlite3"},
        }
    }

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ATOMIC_REQUESTS = False
