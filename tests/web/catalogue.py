"""Reads catalogues of translations, and the texts that are marked for them, without gettext."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("api", "config", "desk", "guests", "notices", "reservations", "venues", "web")

_CALLS = {
    "_": (1,), "gettext": (1,), "gettext_lazy": (1,), "gettext_noop": (1,),
    "ngettext": (2,), "ngettext_lazy": (2,),
    "pgettext": (1, "context"), "pgettext_lazy": (1, "context"), "npgettext": (2, "context"),
}  # fmt: skip
_TEXT = r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_MARKED = re.compile(rf"\b(n?p?gettext)\(({_TEXT}(?:, *{_TEXT})*)")

Key = tuple[str, str]
"""Context and text, as a catalogue finds an entry."""


def read(path: Path) -> dict[Key, list[str]]:
    """The entries of a .po file, its header left out: one translation, or one for each number."""
    found: dict[Key, list[str]] = {}
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        parts: dict[str, str] = {}
        name = ""
        for line in lines:
            keyword, _, text = line.partition(" ") if not line.startswith('"') else (name, "", line)
            name = keyword
            parts[name] = parts.get(name, "") + ast.literal_eval(text)
        if parts.get("msgid"):
            told = [text for name, text in parts.items() if name.startswith("msgstr")]
            found[parts.get("msgctxt", ""), parts["msgid"]] = told
    return found


def marked() -> Iterator[tuple[Path, Key]]:
    """Every text of the product that is marked, and the file it is in."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*"):
            if path.suffix == ".py" and "migrations" not in path.parts:
                yield from ((path, key) for key in _in_python(path.read_text(encoding="utf-8")))
            elif path.suffix in {".html", ".txt"} and "templates" in path.parts:
                yield from ((path, key) for key in _in_template(path.read_text(encoding="utf-8")))


def _in_python(source: str) -> Iterator[Key]:
    tree = ast.parse(source)
    names = dict(_imported(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            name = names.get(called, called)
            texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
            if name in _CALLS and texts and isinstance(texts[0], str):
                yield _key(name, [str(text) for text in texts])


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """What functions that mark are called in a module, whatever name they are given there."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation":
            yield from ((alias.asname or alias.name, alias.name) for alias in node.names)


def _in_template(source: str) -> Iterator[Key]:
    for name, texts in _MARKED.findall(templatize(source)):
        yield _key(name, list(ast.literal_eval(f"({texts},)")))


def _key(name: str, texts: list[str]) -> Key:
    return (texts[0], texts[1]) if "context" in _CALLS[name] else ("", texts[0])
