"""Measures the data of stored runs as it is measured today; nothing is trained again.

    nice -n 10 python -m bench.diagnosis.facts FOLDER [--plan calibration]

The data of a run follow from its plan. Each run is a file of the folder, as `train` leaves it.
"""

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from app.domain.task import TaskFacts
from bench.diagnosis.fresh import CALIBRATION, plan_named
from bench.diagnosis.planned import PlannedRun
from bench.diagnosis.stored import read_file, write_runs
from worker.datasets.build import build_task

#: What the data alone determine, and no probe depends on.
FIELDS = ("shift", "longer_context")


def renew_facts(path: Path, plan: Mapping[str, PlannedRun]) -> int:
    """Returns how many runs of the file got other facts."""
    runs = list(read_file(path))
    changed = [replace(run, facts=_renewed(run.facts, plan[run.key])) for run in runs]
    num_changed = sum(new != old for new, old in zip(changed, runs, strict=True))
    if num_changed:
        write_runs(path, changed)
    return num_changed


def _renewed(facts: TaskFacts, planned: PlannedRun) -> TaskFacts:
    if planned.upload is None:
        return facts
    content = planned.upload.content(planned.seed)
    measured = build_task(planned.spec.dataset, upload=content).facts
    return facts.model_copy(update={name: getattr(measured, name) for name in FIELDS})


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--plan", default=CALIBRATION)
    chosen = parser.parse_args()
    plan = {run.key: run for run in plan_named(chosen.plan)}
    paths = sorted(chosen.folder.glob("*.parquet"))
    num_changed = sum(renew_facts(path, plan) for path in paths)
    print(f"{num_changed} runs in {len(paths)} files got other facts")


if __name__ == "__main__":
    main()
