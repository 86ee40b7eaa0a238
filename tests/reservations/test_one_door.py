"""Who commits a change of a reservation: `actions`, and what its docstring names."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from reservations import actions

ROOT = Path(__file__).parents[2]
# They commit units, venues and closures, and change reservations by the bodies of verbs alone.
OF_OTHER_ROWS = {"inventory", "idempotency"}
CALLERS = ("api", "web", "desk", "config", "guests", "venues", "payments")
ROWS = {"Reservation", "Allocation"}
WRITES = {"update", "create", "bulk_create", "bulk_update", "delete", "update_or_create"}


def named() -> set[str]:
    """The modules that the docstring of `actions` names, and itself."""
    return {"actions", *re.findall(r"`([a-z_.]+)`", actions.__doc__ or "")}


def modules(package: str) -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((ROOT / package).rglob("*.py")):
        if "migrations" not in path.parts:
            dotted = ".".join(path.relative_to(ROOT / package).with_suffix("").parts)
            yield dotted, ast.parse(path.read_text())


def commits(tree: ast.Module) -> bool:
    """Whether it begins a transaction that is committed when it ends."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func).rpartition(".")[2]
            is_durable = any(word.arg == "durable" for word in node.keywords)
            if called == "in_transaction" or (called == "atomic" and is_durable):
                return True
    return False


def writes(tree: ast.Module) -> list[str]:
    """The queries that write rows of reservations without a verb."""
    return [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in WRITES
        and re.match(rf"({'|'.join(ROWS)})\.objects\b", ast.unparse(node.func))
    ]


def test_whoever_commits_is_named_beside_the_verbs() -> None:
    found = {name for name, tree in modules("reservations") if commits(tree)}
    found = {name for name in found if name.partition(".")[0] not in OF_OTHER_ROWS}
    assert found - {"transactions"} == named() & found - {"transactions"}
    assert {"actions", "lifecycle.holds", "sweeps", "privacy.erasure", "replay.history"} <= found


@pytest.mark.parametrize("package", CALLERS)
def test_nothing_outside_the_engine_writes_a_reservation(package: str) -> None:
    assert {name: found for name, tree in modules(package) if (found := writes(tree))} == {}


def test_a_module_that_commits_unnamed_would_be_found() -> None:
    stray = ast.parse(
        "def act():\n    return in_transaction(lambda: Reservation.objects.update(x=1))"
    )
    assert commits(stray)
    assert writes(stray) == ["Reservation.objects.update(x=1)"]


def sets_paid(tree: ast.Module) -> bool:
    """Whether it writes what was paid: an attribute, or a query with that word."""
    for node in ast.walk(tree):
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AugAssign | ast.AnnAssign):
            targets = [node.target]
        if any(isinstance(one, ast.Attribute) and one.attr == "paid_minor" for one in targets):
            return True
        if not isinstance(node, ast.Call):
            continue
        is_write = ast.unparse(node.func).rpartition(".")[2] in WRITES
        if is_write and any(word.arg == "paid_minor" for word in node.keywords):
            return True
    return False


def test_one_module_writes_what_was_paid() -> None:
    packages = ("reservations", *CALLERS, "notices", "hooks")
    found = {
        f"{package}.{name}"
        for package in packages
        for name, tree in modules(package)
        if sets_paid(tree)
    }
    # A document says what had been paid when it was issued.
    assert found == {"reservations.lifecycle.paid", "payments.documents.issuance"}
    assert sets_paid(ast.parse("Reservation.objects.update(paid_minor=1)"))
