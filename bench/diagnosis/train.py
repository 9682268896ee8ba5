"""Trains the plan's runs in this process, one after the other, and goes on where it was stopped.

    nice -n 10 python -m bench.diagnosis.train --to FOLDER [--only PATTERN] [--hours 1]

Each run becomes one file of the folder, named by the hash of all that determines its numbers. Two
processes share the work with `--part 1/2` and `--part 2/2`. Afterwards `bench.diagnosis.pack` makes
the few files that the repository keeps.
"""

import argparse
import os
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from app.domain.errors import InvalidData
from bench.diagnosis.fresh import CALIBRATION, plan_named
from bench.diagnosis.planned import PlannedRun
from bench.diagnosis.stored import write_runs
from bench.diagnosis.training import train_run

DEFAULT_FOLDER = Path("build/diagnosis")
_NICENESS = 10


def train_all(
    plan: Sequence[PlannedRun], folder: Path, *, name: str, until_s: float
) -> Iterator[float]:
    """Trains what the folder lacks; yields the seconds of each run."""
    for run in plan:
        path = folder / f"{run.key}.parquet"
        if path.exists():
            continue
        if time.monotonic() > until_s:
            return
        started = time.process_time()
        try:
            write_runs(path, [train_run(run, plan=name)])
        except InvalidData as error:
            print(f"{run.kind} of {run.task} left out: {error.detail}", flush=True)
        yield time.process_time() - started


def part_of(plan: Sequence[PlannedRun], part: str) -> Sequence[PlannedRun]:
    """Returns every n-th run; the part is written as `1/2`."""
    number, of = map(int, part.split("/"))
    return plan[number - 1 :: of]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--to", type=Path, default=DEFAULT_FOLDER)
    parser.add_argument("--only", default="", help="pattern of task and kind, as `task kind`")
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--part", default="1/1")
    parser.add_argument("--plan", default=CALIBRATION, help="the hash of a commit for a fresh one")
    parser.add_argument("--most", type=int, default=None, help="the first runs of the plan")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    os.nice(max(0, _NICENESS - os.nice(0)))
    chosen.to.mkdir(parents=True, exist_ok=True)
    plan = [
        run
        for run in part_of(plan_named(chosen.plan)[: chosen.most], chosen.part)
        if re.search(chosen.only, f"{run.task} {run.kind}")
    ]
    missing = sum(not (chosen.to / f"{run.key}.parquet").exists() for run in plan)
    print(f"{missing} of {len(plan)} runs are to be trained", flush=True)
    until_s = time.monotonic() + 3600 * chosen.hours
    total_s = 0.0
    for number, seconds in enumerate(
        train_all(plan, chosen.to, name=chosen.plan, until_s=until_s), start=1
    ):
        total_s += seconds
        if number % 20 == 0:
            mean_s = total_s / number
            left_h = (missing - number) * mean_s / 3600
            print(f"{number}/{missing}: {mean_s:.2f} s a run, {left_h:.2f} h left", flush=True)


if __name__ == "__main__":
    main()
