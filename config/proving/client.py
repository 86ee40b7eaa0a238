"""A client process: it plays its script until its time is over or its parent is gone."""

import select
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import sleep
from typing import TextIO

import orjson

from config.proving import script
from config.proving.acting import Actor
from config.proving.ground import Ground
from config.proving.journal import Call, journal
from reservations import clock

READY = "ready"
_NEAR = 0.15
"""Seconds for which a client waits for the end of a hold, instead of making another call."""
_LATE = 0.05
"""Seconds after which a confirmation is no longer at the edge."""


@dataclass(frozen=True, slots=True)
class Job:
    """The first line of a client's input."""

    ground: Ground
    client: int
    seed: int
    journal: str


def play(heard: TextIO = sys.stdin, said: TextIO = sys.stdout) -> None:
    """Reads the job, prints READY, and plays from the second line until the time in that line.

    The client also ends when its input closes, such as after the death of its parent.
    """
    told = orjson.loads(heard.readline())
    job = Job(ground=Ground(**told.pop("ground")), **told)
    with journal(Path(job.journal)) as written:
        actor = Actor(job.ground, job.client, written)
        print(READY, file=said, flush=True)
        until = heard.readline()
        if until:
            _play(actor, script.steps(job.seed, job.client), float(until), heard)


def _play(actor: Actor, steps: Iterator[script.Step], until: float, heard: TextIO) -> None:
    edges: dict[int, datetime] = {}
    while clock.now().timestamp() < until and not _is_left_alone(heard):
        _confirm_at_edge(actor, edges)
        step = next(steps)
        call = actor.act(step)
        if call is not None and step.edge is not None:
            edges |= {pk: ends_at + step.edge for pk, ends_at in _ends(call)}


def _confirm_at_edge(actor: Actor, edges: dict[int, datetime]) -> None:
    """Confirms holds that are about to lapse, each at its instant."""
    for reservation_id, instant in sorted(edges.items(), key=lambda edge: edge[1]):
        left = (instant - clock.now()).total_seconds()
        if left > _NEAR:
            return
        del edges[reservation_id]
        if left > -_LATE:
            sleep(max(left, 0))
            actor.confirm(reservation_id, "confirm at the edge")


def _ends(call: Call) -> Iterator[tuple[int, datetime]]:
    """Yields the id and end of each hold that a call took."""
    if call.outcome == "ok" and call.verb.startswith("hold"):
        for row in call.seen:
            assert row.hold_expires_at is not None
            yield row.id, row.hold_expires_at


def _is_left_alone(heard: TextIO) -> bool:
    return bool(select.select([heard], [], [], 0)[0])
