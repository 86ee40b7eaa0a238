"""The processes of the product for boards: all in one, or as in a deployment."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import serving, worlds
from benchmarks.services import free_port, wait_for


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of the API and of the boards."""

    api: int
    live: int


@contextmanager
def embedded() -> Iterator[Ports]:
    """Runs `serve` with the demonstration data, in a temporary folder."""
    port = free_port()
    with TemporaryDirectory() as data:
        own = {"DATA_DIR": data, "DATABASE_URL": "", "PORT": str(port), "DEMO": "1"}
        own |= {"HOST": "127.0.0.1", "LOG_LEVEL": "WARNING"}
        with _process("manage.py", "serve", environment=worlds.environment("") | own, port=port):
            yield Ports(port, port)


@contextmanager
def deployed(environment: dict[str, str]) -> Iterator[Ports]:
    """Runs the services of docker-compose.yml, `api`, `live` and `worker`, on the
    same two cores.
    """
    quiet = environment | {"LOG_LEVEL": "WARNING"}
    port = free_port()
    live = ["-m", "uvicorn", "config.asgi:application", "--port", str(port), "--lifespan", "off"]
    live += ["--ws", "websockets-sansio", "--ws-max-size", "4096", "--no-access-log"]
    live += ["--ws-per-message-deflate", "false"]
    worker = ["-m", "celery", "--app", "config.celery", "worker", "--concurrency", "2"]
    with ExitStack() as stack:
        api = stack.enter_context(serving.server(quiet, cores=set(serving.CORES)))
        stack.enter_context(_process(*live, environment=quiet, port=port))
        stack.enter_context(_process(*worker, "--loglevel", "ERROR", environment=quiet))
        yield Ports(api.port, port)


@contextmanager
def program(module: str, *arguments: str, port: int) -> Iterator[None]:
    """Runs a module of the benchmarks as a process that listens."""
    with _process("-m", module, *arguments, environment=worlds.environment(""), port=port):
        yield


@contextmanager
def _process(
    *arguments: str, environment: dict[str, str], port: int | None = None
) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=Path(worlds.ROOT), env=environment,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        if port is not None:
            wait_for(port, process)
        yield
    finally:
        process.terminate()
        process.wait(40)
