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
    """Stop listening as soon as it stops; and what is loaded stays: leave it out of every later
    search for garbage, a third of reading.
    """
    import gc

    _stop_listening_at_once(worker)
    gc.collect()
    gc.freeze()


def _stop_listening_at_once(worker: Any) -> None:
    """Have a worker that is asked to end take who waits already, and leave the address.

    gunicorn's keeps it until its last answer. Whoever connects meanwhile is then reset, and a
    proxy may not ask again; refused at once, it asks another process.
    """
    set_accept_enabled = worker.set_accept_enabled

    def stopping(enabled: bool) -> None:  # noqa: FBT001 - as it is called
        set_accept_enabled(enabled)
        if worker.alive:
            return
        for listener in worker.sockets:
            taken = None
            while taken != worker.nr_conns:
                taken = worker.nr_conns
                worker.accept(listener)
            listener.close()

    worker.set_accept_enabled = stopping
