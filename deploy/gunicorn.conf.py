"""The configuration of gunicorn: WSGI in threads, and no start without the guard."""

import os
import shutil
import tempfile
from typing import Any

wsgi_app = "config.wsgi:application"
bind = f"{os.environ.get('HOST', '0.0.0.0')}:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "16"))
timeout = 60
graceful_timeout = 25
keepalive = 15
# In memory: the heartbeat of a worker must not wait for a disk.
worker_tmp_dir = "/dev/shm"
# Where workers write what they count. Before any of them imports prometheus_client.
os.environ.setdefault(
    "PROMETHEUS_MULTIPROC_DIR", tempfile.mkdtemp(prefix="holdfast-metrics-", dir=worker_tmp_dir)
)
control_socket_disable = True
# Queries in paths hold phone numbers.
accesslog = None


def on_starting(server: Any) -> None:
    """Refuses to start on a database that is unfit. If it cannot be reached, the server answers
    503.
    """
    import django
    from django.core.management import call_command
    from django.db import connections

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.project")
    django.setup()
    call_command("check", databases=["default"])
    # A worker must not inherit a connection of its parent.
    connections.close_all()


def child_exit(server: Any, worker: Any) -> None:
    """Takes what a worker has open out of the metrics; what it counted stays."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)


def on_exit(server: Any) -> None:
    """Deletes what workers counted."""
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)


def post_worker_init(worker: Any) -> None:
    """Makes a stopping worker stop listening at once, and leaves loaded modules out of garbage
    collection.

    Garbage collection took a third of the time of reading.
    """
    import gc

    _stop_listening_at_once(worker)
    gc.collect()
    gc.freeze()


def _stop_listening_at_once(worker: Any) -> None:
    """Makes a worker that stops accept those who wait already, and close the address.

    gunicorn keeps it open until the last answer. It then resets connections that came meanwhile,
    and a proxy may not repeat those. If they are refused at once, the proxy asks another process.
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
