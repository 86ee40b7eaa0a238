"""What runs in the browser was built from what stands in frontend/; told without Node."""

from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parents[2]
FRONTEND = ROOT / "frontend"
BUILT = ROOT / "web" / "static" / "web" / "built"
AROUND = ("build.mjs", "bundles.mjs", "package-lock.json", "package.json", "tsconfig.json")


def test_the_bundles_were_built_from_the_sources_as_they_are() -> None:
    sources = sorted(path for path in (FRONTEND / "src").rglob("*") if path.is_file())
    sources += [FRONTEND / name for name in AROUND]
    found = {
        path.relative_to(FRONTEND).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in sources
    }
    lines = (BUILT / "sources.sha256").read_text().splitlines()
    noted = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    assert noted == found, "run bin/frontend and commit what it builds"


def test_the_lock_names_no_registry() -> None:
    text = (FRONTEND / "package-lock.json").read_text()
    assert '"integrity": "sha512-' in text
    assert '"resolved"' not in text


def test_nothing_in_the_bundles_needs_what_the_policy_of_pages_refuses() -> None:
    for name in ("slots-view.js", "holdfast-slots.js"):
        script = (BUILT / name).read_text()
        assert "eval(" not in script and "new Function(" not in script
        assert len(script) < 100_000
