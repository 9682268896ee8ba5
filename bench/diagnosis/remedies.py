"""Trains the remedies that judges advise for confirmed faults, with three fresh seeds each.

    nice -n 10 python -m bench.diagnosis.remedies [--runs FOLDER] [--experiments FILE]

Beside them stands one patch for all runs, whatever their fault: a GRU with an orthogonal start,
Adam at 0.003 and clipping at 1.
"""

import argparse
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import ValidationError

from app.domain.specs.job import JobSpec
from bench.diagnosis.experiments import Experiments, Question
from bench.diagnosis.faults.kind import Change, Order
from bench.diagnosis.fresh import CALIBRATION, plan_named
from bench.diagnosis.grading import HEALTHY_FROM, base_progress
from bench.diagnosis.judges.clinic import CLINIC
from bench.diagnosis.labels import LABELS, MAJORITY, decided_cure, read_labels
from bench.diagnosis.planned import PlannedRun
from bench.diagnosis.stored import RUNS, read_runs
from bench.diagnosis.tasks import Document

TREATMENTS = Path(__file__).parent / "treatments.jsonl"
UNIVERSAL = "the same patch for all"
#: Remedies of a run that are tried.
MOST = 3
#: A remedy that trains longer than so many times the run is no cure.
MAX_STEPS_FACTOR = 3
_NICENESS = 10


@dataclass(frozen=True, kw_only=True)
class Treatment:
    """What came of the advice of one judge for one run."""

    key: str
    judge: str
    #: Whether each of the first remedies cured; empty where none was offered.
    cures: tuple[bool, ...]


def universal(spec: JobSpec) -> Document:
    return {
        "model": {"kind": "gru", "hidden_size": spec.model.hidden_size},
        "init": {
            "recurrent": {"kind": "orthogonal", "gain": 1.0},
            "input": None,
            "bias": None,
            "forget_bias": None,
        },
        "optimizer": {"kind": "adam", "learning_rate": 0.003},
        "clipping": {"kind": "norm", "max_norm": 1.0},
    }


def treat(
    run: PlannedRun, patches: Sequence[Document], experiments: Experiments, *, base: float
) -> tuple[bool, ...]:
    """Returns whether each patch cures the run."""
    return tuple(is_cure(run, patch, experiments, base=base) for patch in patches[:MOST])


def is_cure(run: PlannedRun, patch: Document, experiments: Experiments, *, base: float) -> bool:
    """Returns whether the run with the patch makes its base's progress with most fresh seeds."""
    order = run.order.changed(Change(patch=patch))
    if _num_steps(order) > MAX_STEPS_FACTOR * _num_steps(run.order):
        return False
    question = Question(order=order, data_seed=run.seed)
    progress = decided_cure(experiments.all_progress(question, base=base))
    return sum(one >= HEALTHY_FROM for one in progress) >= MAJORITY


def _num_steps(order: Order) -> float:
    try:
        return JobSpec.model_validate(order.spec).training.num_steps
    except ValidationError:
        return float("inf")


def read_treatments(path: Path = TREATMENTS) -> list[Treatment]:
    if not path.exists():
        return []
    kept = [json.loads(line) for line in path.read_text().splitlines()]
    return [Treatment(**{**one, "cures": tuple(one["cures"])}) for one in kept]


def treat_all(
    plan: Sequence[PlannedRun],
    advice: Mapping[str, Sequence[Document]],
    experiments: Experiments,
    *,
    bases: Mapping[str, float],
) -> Iterator[Treatment]:
    """Yields the treatment by our advice and by the universal patch of each run."""
    for run in plan:
        asked = {CLINIC.name: advice[run.key], UNIVERSAL: [universal(run.spec)]}
        for judge, patches in asked.items():
            cures = treat(run, patches, experiments, base=bases[run.task])
            yield Treatment(key=run.key, judge=judge, cures=cures)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=Path, default=RUNS)
    parser.add_argument("--labels", type=Path, default=LABELS)
    parser.add_argument("--treatments", type=Path, default=TREATMENTS)
    parser.add_argument("--experiments", type=Path, default=Path("build/experiments.jsonl"))
    parser.add_argument("--plan", default=CALIBRATION, help="the hash of a commit for a fresh one")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    os.nice(max(0, _NICENESS - os.nice(0)))
    chosen.experiments.parent.mkdir(parents=True, exist_ok=True)
    confirmed = {key for key, label in read_labels(chosen.labels).items() if label.is_confirmed}
    runs = [run for run in read_runs(chosen.runs) if run.label.plan == chosen.plan]
    advice = {run.key: CLINIC(run.case_at(1)).remedies for run in runs if run.key in confirmed}
    plan = [run for run in plan_named(chosen.plan) if run.key in advice]
    found = treat_all(plan, advice, Experiments(chosen.experiments), bases=base_progress(runs))
    renewed = {CLINIC.name, UNIVERSAL}
    kept = [one for one in read_treatments(chosen.treatments) if one.judge not in renewed]
    lines = [json.dumps(vars(one)) + "\n" for one in kept]
    for number, treatment in enumerate(found, start=1):
        lines.append(json.dumps(vars(treatment)) + "\n")
        print(f"{number}/{2 * len(plan)} {treatment.judge}: {treatment.cures}", flush=True)
    chosen.treatments.write_text("".join(lines))


if __name__ == "__main__":
    main()
