"""Makes the project's .venv with the standard library only. bin/setup calls it.

Arguments: the project's folder, `run` or `dev`, the requirements file, and the stamp to leave when
done.
"""

import ensurepip
import fcntl
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
import venv
import zipfile
from pathlib import Path

AT_ONCE = 4
"""Pips that install side by side, at most. Each one reads, unpacks and writes for itself."""


def main(root: Path, kind: str, requirements: Path, stamp: str) -> int:
    """Installs once, however many commands start together. Returns the exit code."""
    folder = root / ".venv"
    done = folder / f"holdfast-{kind}"
    handle = os.open(root, os.O_RDONLY)
    # The project's folder is the lock. The system releases it when this process ends.
    fcntl.flock(handle, fcntl.LOCK_EX)
    if done.exists() and done.read_text(encoding="utf-8").strip() == stamp and works(folder):
        return 0
    if not works(folder) or was_moved(folder, root):
        make(folder)
    say(f"installing what {requirements.relative_to(root)} names; the first time takes a minute")
    if not install(folder, requirements):
        say("the installation failed; what pip said stands above")
        return 1
    draft = done.with_suffix(".new")
    draft.write_text(stamp + "\n", encoding="utf-8")
    draft.replace(done)
    say("done")
    return 0


def works(folder: Path) -> bool:
    """Says whether the folder has a Python that is new enough and a pip that runs."""
    python = folder / "bin" / "python"
    probe = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    try:
        return (
            subprocess.run([python, "-c", probe], capture_output=True, check=False).returncode == 0
        )
    except OSError:
        return False


def was_moved(folder: Path, root: Path) -> bool:
    """Says whether the .venv was made at another path, which its commands contain."""
    stamps = [path.read_text(encoding="utf-8") for path in folder.glob("holdfast-*")]
    return any(not stamp.strip().endswith(f" {root}") for stamp in stamps)


def make(folder: Path) -> None:
    """Makes a new .venv in place of what is there."""
    version = ".".join(map(str, sys.version_info[:3]))
    say(f"making .venv with Python {version}")
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)
    wheel = bundled_pip()
    # Python's own way makes pip install itself and setuptools. It takes ten times as long.
    venv.create(folder, with_pip=wheel is None, symlinks=True)
    if wheel is not None:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(packages(folder))


def bundled_pip() -> Path | None:
    """Returns the wheel of pip that comes with this Python. None if there is none."""
    places = [Path(ensurepip.__file__).parent / "_bundled"]
    if distribution := sysconfig.get_config_var("WHEEL_PKG_DIR"):
        places.insert(0, Path(distribution))
    # Debian has it here and does not say so in WHEEL_PKG_DIR.
    places.append(Path("/usr/share/python-wheels"))
    wheels = [wheel for place in places for wheel in sorted(place.glob("pip-*.whl"))]
    return wheels[0] if wheels else None


def packages(folder: Path) -> Path:
    """Returns the folder of installed packages in a .venv of this Python."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    return folder / "lib" / version / "site-packages"


def install(folder: Path, requirements: Path) -> bool:
    """Installs with pip and shows its errors. Takes nothing without a hash. Returns whether it
    worked.
    """
    entries = split(requirements.read_text(encoding="utf-8"))
    count = max(1, min(AT_ONCE, os.cpu_count() or 1, len(entries)))
    with tempfile.TemporaryDirectory() as scratch:
        pips = []
        for number in range(count):
            part = Path(scratch, f"{number}.txt")
            part.write_text("".join(entries[number::count]), encoding="utf-8")
            pips.append(Pip(folder, part))
        watch(pips, folder, len(entries))
        # End all of them, so that none still writes after this.
        said = [pip.end() for pip in pips]
    failures = [words for words in said if words is not None]
    for words in failures:
        print(words, end="", file=sys.stderr, flush=True)
    return not failures


def watch(pips: "list[Pip]", folder: Path, wanted: int) -> None:
    """Shows the progress until all pips have ended: half for packages found, half for those
    installed.
    """
    before = len(list(packages(folder).glob("*.dist-info")))
    progress = Progress(2 * wanted)
    while any(pip.is_running() for pip in pips):
        installed = len(list(packages(folder).glob("*.dist-info"))) - before
        progress.show(sum(pip.found for pip in pips) + max(installed, 0))
        time.sleep(0.1)
    if all(pip.has_succeeded() for pip in pips):
        progress.show(2 * wanted)
    progress.end()


def split(text: str) -> list[str]:
    """Returns the entries of a requirements file, each with the lines of its hashes."""
    entries: list[str] = []
    for line in text.splitlines(keepends=True):
        if entries and line.startswith((" ", "\t")):
            entries[-1] += line
        elif line.strip() and not line.startswith("#"):
            entries.append(line)
    return entries


class Pip:
    """One pip that installs a part of the packages, with a count of those it has found."""

    COMMAND = (
        "-m",
        "pip",
        "install",
        "--progress-bar=off",
        "--require-hashes",
        # The file names every package. Older pips take an extra of a pinned package
        # (coverage[toml]) for a new requirement once there is a newer version.
        "--no-deps",
        # Python compiles a module when it first loads it, and it loads a part of them only.
        "--no-compile",
        "--requirement",
    )

    def __init__(self, folder: Path, requirements: Path) -> None:
        self.found = 0
        self._errors = requirements.with_suffix(".err")
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                [folder / "bin" / "python", *self.COMMAND, requirements],
                env=environment(),
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                errors="replace",
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def is_running(self) -> bool:
        """Says whether it still works."""
        return self._process.poll() is None

    def has_succeeded(self) -> bool:
        """Says whether it has ended without an error."""
        return self._process.poll() == 0

    def end(self) -> str | None:
        """Waits for it. Returns None if it succeeded, else its output."""
        code = self._process.wait()
        self._reader.join()
        if code == 0:
            return None
        return self._errors.read_text(encoding="utf-8", errors="replace") or f"pip ended: {code}\n"

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            # A cached package is "processed", an installed one "already satisfied".
            if line.startswith(("Collecting ", "Processing ", "Requirement already")):
                self.found += 1


def environment() -> dict[str, str]:
    """Returns the caller's environment without what makes pip install elsewhere, or print more or
    less.
    """
    # Leave out the user's other modules, and Python's warnings about pip.
    left_out = ("PYTHONPATH", "PYTHONWARNINGS", "PIP_QUIET", "PIP_VERBOSE", "PIP_PROGRESS_BAR")
    kept = {name: text for name, text in os.environ.items() if name not in left_out}
    # Installing for one user does not work inside a .venv.
    return kept | {"PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}


class Progress:
    """A progress bar on a terminal, and plain lines at each quarter elsewhere."""

    WIDTH = 30

    def __init__(self, steps: int) -> None:
        self._steps = max(steps, 1)
        self._told = 0
        self._is_seen = sys.stderr.isatty()

    def show(self, done: int) -> None:
        """Shows that so many steps are done."""
        share = min(done / self._steps, 1.0)
        if self._is_seen:
            full = round(share * self.WIDTH)
            bar = "#" * full + "." * (self.WIDTH - full)
            print(f"\rbin/setup: [{bar}] {share:4.0%}", end="", file=sys.stderr, flush=True)
        elif (quarter := int(share * 4)) > self._told:
            self._told = quarter
            say(f"{quarter * 25} %")

    def end(self) -> None:
        """Ends the line of the bar."""
        if self._is_seen:
            print(file=sys.stderr, flush=True)


def say(words: str) -> None:
    """Prints a line to stderr."""
    print(f"bin/setup: {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    root, kind, requirements, stamp = sys.argv[1:]
    try:
        sys.exit(main(Path(root), kind, Path(requirements), stamp))
    except OSError as error:
        sys.exit(f"bin/setup: {error.strerror}: {error.filename}")
    except subprocess.CalledProcessError:
        sys.exit("bin/setup: Python could not make a venv; on Debian: apt-get install python3-venv")
    except KeyboardInterrupt:
        sys.exit(130)
