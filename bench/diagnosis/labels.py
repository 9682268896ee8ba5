"""Finds by training which single changes cure each failed run: its label.

    nice -n 10 python -m bench.diagnosis.labels [--runs FOLDER] [--experiments FILE] [--most 60]

A fault is confirmed where at least two of three fresh seeds fail. A change cures where the median
of three fresh seeds makes 0.8 of the base's progress. The third seed is left out where the first
two agree, and a change whose first seed makes less than a quarter of the base's progress is not
tried further. Every change that is tried and its scores are kept.
"""

import argparse
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import torch

from bench.diagnosis.changes import single_changes
from bench.diagnosis.experiments import NUM_SEEDS, Experiments, Question
from bench.diagnosis.faults.kind import Order
from bench.diagnosis.fresh import CALIBRATION, plan_named
from bench.diagnosis.grading import FAILED_BELOW, HEALTHY_FROM, Grade, base_progress, graded
from bench.diagnosis.planned import PlannedRun
from bench.diagnosis.stored import RUNS, read_runs

LABELS = Path(__file__).parent / "labels.jsonl"
#: Of three values the median is decided by two on one side.
MAJORITY = NUM_SEEDS // 2 + 1
#: A change with less progress of its first seed is given up.
HOPELESS_BELOW = 0.25
_NICENESS = 10


@dataclass(frozen=True, kw_only=True)
class Cure:
    """A change that was tried."""

    change: str
    leaves: frozenset[str]
    #: Shares of the base's progress, one for each fresh seed that was needed to decide.
    progress: tuple[float, ...]

    @property
    def is_cure(self) -> bool:
        return sum(one >= HEALTHY_FROM for one in self.progress) >= MAJORITY


@dataclass(frozen=True, kw_only=True)
class Diagnosed:
    """The label of one run."""

    key: str
    #: The same run with fresh seeds.
    control: tuple[float, ...]
    #: Empty where the fault is not confirmed: nothing was tried then.
    tried: tuple[Cure, ...]

    @property
    def is_confirmed(self) -> bool:
        return sum(one < FAILED_BELOW for one in self.control) >= MAJORITY

    @property
    def cures(self) -> tuple[str, ...]:
        return tuple(one.change for one in self.tried if one.is_cure)

    def leaves(self, injected: frozenset[str]) -> frozenset[str]:
        """Returns the causes that count as right.

        They are those of the changes that cure, and the injected ones where no single change does.
        """
        cured = frozenset(leaf for one in self.tried if one.is_cure for leaf in one.leaves)
        return cured or injected


def decided(values: Iterator[float], threshold: float) -> tuple[float, ...]:
    """Takes values until a majority of three lies on one side of the threshold."""
    taken: list[float] = []
    for value in values:
        taken.append(value)
        above = sum(one >= threshold for one in taken)
        if max(above, len(taken) - above) >= MAJORITY:
            break
    return tuple(taken)


def decided_cure(values: Iterator[float]) -> tuple[float, ...]:
    """Takes values until they decide whether a change cures, the first alone if it is hopeless."""
    first = next(values)
    if first < HOPELESS_BELOW:
        return (first,)
    return decided(chain((first,), values), HEALTHY_FROM)


def diagnose_run(run: PlannedRun, experiments: Experiments, *, base: float) -> Diagnosed:
    """Trains the control and, if it fails, every single change."""

    def scores(order: Order) -> Iterator[float]:
        return experiments.all_progress(Question(order=order, data_seed=run.seed), base=base)

    label = Diagnosed(key=run.key, control=decided(scores(run.order), FAILED_BELOW), tried=())
    if not label.is_confirmed:
        return label
    cures: list[Cure] = []
    for change in single_changes(run):
        if change.is_needless({one.change for one in cures if one.is_cure}):
            continue
        progress = decided_cure(scores(change.order))
        cures.append(Cure(change=change.name, leaves=change.leaves, progress=progress))
    return replace(label, tried=tuple(cures))


def read_labels(path: Path = LABELS) -> Mapping[str, Diagnosed]:
    """Returns the labels by the keys of their runs."""
    if not path.exists():
        return {}
    labels = (_label(json.loads(line)) for line in path.read_text().splitlines())
    return {label.key: label for label in labels}


def _label(kept: Mapping[str, object]) -> Diagnosed:
    def numbers(values: object) -> tuple[float, ...]:
        return tuple(float("-inf") if one is None else float(one) for one in _list(values))

    return Diagnosed(
        key=str(kept["key"]),
        control=numbers(kept["control"]),
        tried=tuple(
            Cure(
                change=one["change"],
                leaves=frozenset(one["leaves"]),
                progress=numbers(one["progress"]),
            )
            for one in _list(kept["tried"])
        ),
    )


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(value)
    return value


def _line(label: Diagnosed) -> str:
    def numbers(values: Sequence[float]) -> list[float | None]:
        return [None if one == float("-inf") else round(one, 4) for one in values]

    return json.dumps(
        {
            "key": label.key,
            "control": numbers(label.control),
            "tried": [
                {
                    "change": one.change,
                    "leaves": sorted(one.leaves),
                    "progress": numbers(one.progress),
                }
                for one in label.tried
            ],
        }
    )


def label_all(
    plan: Sequence[PlannedRun],
    path: Path,
    experiments: Experiments,
    *,
    bases: Mapping[str, float],
    most: int,
) -> Iterator[Diagnosed]:
    """Labels the runs that have no label yet, until so many faults are confirmed."""
    known = dict(read_labels(path))
    num_confirmed = sum(label.is_confirmed for label in known.values())
    for run in plan:
        if num_confirmed >= most:
            return
        if run.key in known:
            continue
        label = diagnose_run(run, experiments, base=bases[run.task])
        num_confirmed += label.is_confirmed
        with path.open("a") as file:
            file.write(_line(label) + "\n")
        yield label


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=Path, default=RUNS)
    parser.add_argument("--labels", type=Path, default=LABELS)
    parser.add_argument("--experiments", type=Path, default=Path("build/experiments.jsonl"))
    parser.add_argument("--most", type=int, default=10_000, help="confirmed faults")
    parser.add_argument("--only", default="", help="pattern of task and kind")
    parser.add_argument("--plan", default=CALIBRATION, help="the hash of a commit for a fresh one")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    os.nice(max(0, _NICENESS - os.nice(0)))
    chosen.experiments.parent.mkdir(parents=True, exist_ok=True)
    runs = [run for run in read_runs(chosen.runs) if run.label.plan == chosen.plan]
    bases = base_progress(runs)
    failed = {
        run.key
        for run in runs
        if run.label.task in bases and graded(run, bases[run.label.task]).grade is Grade.FAILED
    }
    plan = [
        run
        for run in plan_named(chosen.plan)
        if run.key in failed and run.injections and re.search(chosen.only, f"{run.task} {run.kind}")
    ]
    print(f"{len(plan)} failed runs with a fault", flush=True)
    found = label_all(
        plan, chosen.labels, Experiments(chosen.experiments), bases=bases, most=chosen.most
    )
    kinds = {run.key: f"{run.task} {run.kind}" for run in plan}
    for label in found:
        word = ", ".join(label.cures) if label.is_confirmed else "not confirmed"
        print(f"{kinds[label.key]}: {word}", flush=True)


if __name__ == "__main__":
    main()
