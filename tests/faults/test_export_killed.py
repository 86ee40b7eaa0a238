"""The worker of exports killed in the middle of a file: another one writes it to its end."""

import csv
import time
from typing import Any

from tests.faults.fleet import Fleet, wait_until

ROWS = 6_000
WRITE = "notices.tasks.write_exports"


def test_a_file_whose_worker_died_is_written_to_its_end(fleet: Fleet) -> None:
    world = fleet.world(f"stays({ROWS})")
    fleet.run_task(WRITE)
    wait_until(lambda: 0 < export(fleet, world)["rows"] < ROWS)
    fleet.kill("worker")
    died = export(fleet, world)
    assert (died["state"], died["done_at"]) == ("running", None)
    # Whoever asks again gets the one that is being written.
    assert fleet.world(f"export({world['user']})") == world["export"]
    fleet.forget_messages()
    fleet.work()
    # The minute after which a claim is over.
    fleet.postgres.run("UPDATE notices_export SET next_try_at = now() WHERE done_at IS NULL")
    fleet.finish_tasks(WRITE)
    wait_until(lambda: export(fleet, world)["done_at"])
    done = export(fleet, world)
    assert (done["state"], done["rows"]) == ("done", ROWS)
    ids = [int(line["id"]) for line in lines(fleet, done["parts"])]
    assert ids == sorted(set(ids))
    assert len(ids) == ROWS


def export(fleet: Fleet, world: dict[str, Any]) -> dict[str, Any]:
    time.sleep(0.02)
    (row,) = fleet.postgres.rows("SELECT * FROM notices_export WHERE id = %s", world["export"])
    return row


def lines(fleet: Fleet, parts: list[str]) -> list[dict[str, str]]:
    text = "".join((fleet.logs / "exports" / name).read_text() for name in parts)
    return list(csv.DictReader(text.splitlines()))
