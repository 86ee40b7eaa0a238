"""Makes the project's .venv with nothing but the standard library; called by bin/setup.

Arguments: the project's folder, run or dev, the requirements file, the stamp to leave when done.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path


def main(root: Path, kind: str, requirements: Path, stamp: str) -> int:
    """Install, once, however many commands were started together; the exit code."""
    folder = root / ".venv"
    done = folder / f"holdfast-{kind}"
    handle = os.open(root, os.O_RDONLY)
    # The project's folder itself is the lock; the system lets go of it when this process ends.
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
    """Whether its Python is there, new enough, and has a pip that runs."""
    python = folder / "bin" / "python"
    probe = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    try:
        return (
            subprocess.run([python, "-c", probe], capture_output=True, check=False).returncode == 0
        )
    except OSError:
        return False


def was_moved(folder: Path, root: Path) -> bool:
    """Whether it was made for another place: its commands name that place."""
    stamps = [path.read_text(encoding="utf-8") for path in folder.glob("holdfast-*")]
    return any(not stamp.strip().endswith(f" {root}") for stamp in stamps)


def make(folder: Path) -> None:
    """A new one, in place of whatever half of one is there."""
    version = ".".join(map(str, sys.version_info[:3]))
    say(f"making .venv with Python {version}")
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)
    venv.create(folder, with_pip=True, symlinks=True)


def install(folder: Path, requirements: Path) -> bool:
    """Have pip do it, quietly; errors are shown, and nothing without its hash is taken."""
    # Neither somebody's other modules nor Python's warnings about pip belong to this.
    kept = (name for name in os.environ if name not in ("PYTHONPATH", "PYTHONWARNINGS"))
    environment = {name: os.environ[name] for name in kept}
    # A user's habit of installing for themselves does not work inside a venv.
    environment |= {"PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    command: list[str | Path] = [
        folder / "bin" / "python",
        "-m",
        "pip",
        "install",
        "-qq",
        "--require-hashes",
        # The file names everything, and older pips take an extra of something that is pinned
        # (coverage[toml]) for something new, once it has a newer version.
        "--no-deps",
        # Python compiles what it loads when it first does, which is a part of what is installed.
        "--no-compile",
    ]
    command += ["--requirement", requirements]
    # Whatever is said goes to stderr: stdout belongs to the command that was asked for.
    done = subprocess.run(command, env=environment, stdout=sys.stderr, check=False)
    return done.returncode == 0


def say(words: str) -> None:
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
