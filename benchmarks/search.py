"""`search`: a name looked for among a million reservations, compared with a look-up by key."""

import json

from benchmarks import worlds
from benchmarks.measuring import Result, Sample, ratio, rows_of
from benchmarks.options import Options

OURS, ALONE = "a name at the desk, first page and count", "a reservation by its key"
ROUNDS_A_SECOND = 25


def run(options: Options) -> Result:
    """Runs both sides in turn, in one process on one database."""
    rounds = max(20, round(options.seconds * ROUNDS_A_SECOND))
    taken: dict[str, list[Sample]] = {OURS: [], ALONE: []}
    counts: list[int] = []
    with worlds.opened(options) as scene:
        for _ in range(options.pairs):
            said = worlds.manage(scene.environment, "bench_search", f"--rounds={rounds}")
            told = json.loads(said.strip().splitlines()[-1])
            counts += told["found"]
            for side, name in ((OURS, "search"), (ALONE, "key")):
                times = told[name]
                taken[side].append(Sample(times, sum(times), sum(times)))
    return Result(
        name="search",
        title="A guest's name among a million reservations",
        figures=[
            ratio(
                "a search ÷ a look-up by key",
                taken[OURS],
                taken[ALONE],
                of=lambda sample: sample.median,
                goal=20,
                is_least=False,
            )
        ],
        rows=rows_of(taken),
        notes=[f"Each search finds {min(counts)} to {max(counts)} reservations and shows 20."],
    )
