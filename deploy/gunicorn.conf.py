"""How gunicorn serves pages and API: WSGI, threads, and no start without the guard."""

import os
from typing import Any

wsgi_app = "config.wsgi:application"
bind = f"{os.environ.get('HOST', '0.0.0.0')}:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "16"))
timeout = 60
graceful_timeout = 25
keepalive = 15
# In memory: a worker that says it is alive must not wait for a disk.
worker_tmp_dir = "/dev/shm"
control_socket_disable = True
# Paths hold phone numbers in their query.
accesslog = None


def on_starting(server: Any) -> None:
    """Refuse to serve from a database that is unfit; one that is away is waited for, with 503."""
    import django
    from django.core.management import call_command
    from django.db import connections

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.project")
    django.setup()
    call_command("check", databases=["default"])
    # A worker must not inherit a connection of its parent.
    connections.close_all()


def post_worker_init(worker: Any) -> None:
    """What is loaded stays: leave it out of every later search for garbage, a third of reading."""
    import gc

    gc.collect()
    gc.freeze()
