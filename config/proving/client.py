"""A client process: plays its script until its time is over, or until nobody listens any more."""

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
"""Seconds that a client waits idly for the end of a hold, rather than making another call."""
_LATE = 0.05
"""Seconds after which it is not the edge any more."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a client is told on its first line of input."""

    ground: Ground
    client: int
    seed: int
    journal: str


def play(heard: TextIO = sys.stdin, said: TextIO = sys.stdout) -> None:
    """Read the job, say that all is ready, and play from when the second line comes until it says.

    Its input stays open while somebody wants it to go on; their death ends it too.
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
    """Confirm the holds that are about to lapse, each when its instant has come."""
    for reservation_id, instant in sorted(edges.items(), key=lambda edge: edge[1]):
        left = (instant - clock.now()).total_seconds()
        if left > _NEAR:
            return
        del edges[reservation_id]
        if left > -_LATE:
            sleep(max(left, 0))
            actor.confirm(reservation_id, "confirm at the edge")


def _ends(call: Call) -> Iterator[tuple[int, datetime]]:
    """When each of the holds that a call took will lapse."""
    if call.outcome == "ok" and call.verb.startswith("hold"):
        for row in call.seen:
            assert row.hold_expires_at is not None
            yield row.id, row.hold_expires_at


def _is_left_alone(heard: TextIO) -> bool:
    return bool(select.select([heard], [], [], 0)[0])
