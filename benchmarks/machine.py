"""The machine of a measurement, and the versions of the software."""

import os
import platform
import subprocess
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.services import binary

PACKAGES = ("django", "django-ninja", "djangorestframework", "psycopg", "gunicorn", "uvicorn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine. Each result has one, because a report may have figures of several days."""

    date: str
    commit: str
    processor: str
    cores: int
    memory_gib: int
    system: str
    load: float
    versions: dict[str, str]

    def document(self) -> dict[str, object]:
        return asdict(self)


def describe() -> Machine:
    """Returns this machine now. `load` shows what else it does."""
    return Machine(
        date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        commit=_commit(),
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        memory_gib=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30,
        system=f"{platform.system()} {platform.release()}",
        load=round(os.getloadavg()[0], 1),
        versions=_versions(),
    )


def _versions() -> dict[str, str]:
    found = {"Python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    found["PostgreSQL"] = _said(str(binary("postgres")), "--version").split()[2]
    found["Redis"] = _said("redis-server", "--version").partition("v=")[2].split()[0]
    return found


def _commit() -> str:
    root = Path(__file__).parent
    head = _said("git", "-C", str(root), "rev-parse", "--short", "HEAD")
    is_changed = _said("git", "-C", str(root), "status", "--porcelain", "--untracked-files=no")
    return f"{head} with changes" if is_changed else head


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
