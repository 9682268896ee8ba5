"""Trains every remedy for each confirmed cause, and writes how often it cures.

    nice -n 10 python -m bench.diagnosis.records [--runs FOLDER] [--experiments FILE] [--more 2]

Runs without a label join: so many of each kind of single fault, every one with a contractive
start, and the simple networks of `long_lags`. Their fault is confirmed first, and is taken to be
the cause.

Each remedy is drawn as if the cause were known, with the numbers of the sick run at its end, and
trained with three fresh seeds. What is kept is `cures.jsonl`, from which the domain's table
`app/domain/diagnosis/records.py` is written: for each cause and remedy the runs on which it was
tried, those that it cured, and those that were healthy without a change.

The advice of a judge that is told the injected causes is then trained too, in the order of records
from other families of tasks, and added to `treatments.jsonl`.
"""

import argparse
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import torch

from app.domain.diagnosis import records as written
from app.domain.diagnosis.prescribe import prescribe
from app.domain.diagnosis.record import Record, Records
from app.domain.diagnosis.run_numbers import numbers_of
from bench.diagnosis.experiments import Experiments, Question
from bench.diagnosis.fresh import CALIBRATION, plan_named
from bench.diagnosis.grading import FAILED_BELOW, HEALTHY_FROM, Grade, base_progress, graded
from bench.diagnosis.labels import LABELS, MAJORITY, Diagnosed, decided, read_labels
from bench.diagnosis.long_lags import POSSIBLE_PROGRESS, long_lags
from bench.diagnosis.planned import PlannedRun
from bench.diagnosis.remedies import TREATMENTS, Treatment, is_cure, read_treatments, treat
from bench.diagnosis.stored import RUNS, StoredRun, read_runs
from bench.diagnosis.training import train_run

CURES = Path(__file__).parent / "cures.jsonl"
SOURCE = "bench/diagnosis/cures.jsonl, calibration tasks"
_HEADER = '''"""How often each remedy cured each cause. Written by the benchmark (`records`)."""

from types import MappingProxyType

from app.domain.diagnosis.record import Record, Records

SOURCE = "{source}"


def _record(tried: int, cured: int, control_cured: int) -> Record:
    return Record(tried=tried, cured=cured, control_cured=control_cured, source=SOURCE)


RECORDS: Records = MappingProxyType(
    {{
'''
_FOOTER = "    }\n)\n"
#: A cause of which every run is tried: it is the central one, and few kinds of fault inject it.
CENTRAL = "contractive_recurrence"
#: Name of the judge that is told what was injected.
TOLD = "this service, told the causes"
_NICENESS = 10


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One remedy for one cause of one run."""

    key: str
    #: Family of the base task.
    family: str
    cause: str
    remedy: str
    cured: bool
    control_cured: bool


def try_remedies(
    run: PlannedRun, stored: StoredRun, label: Diagnosed, experiments: Experiments, *, base: float
) -> Iterator[Trial]:
    """Yields a trial of each remedy that can act on a cause of the run."""
    numbers = numbers_of(stored.case_at(1))
    is_control_cured = sum(one >= HEALTHY_FROM for one in label.control) >= MAJORITY
    for cause in sorted(label.leaves(stored.label.leaves)):
        for remedy in prescribe(replace(numbers, cause=cause), stored.spec):
            yield Trial(
                key=run.key,
                family=stored.label.family,
                cause=cause,
                remedy=remedy.kind,
                cured=is_cure(run, dict(remedy.patch), experiments, base=base),
                control_cured=is_control_cured,
            )


def treat_when_told(
    run: PlannedRun,
    stored: StoredRun,
    trials: Iterable[Trial],
    experiments: Experiments,
    *,
    base: float,
) -> Treatment:
    """Returns what comes of the advice for the injected causes, ordered by other families."""
    causes = [one.leaf for one in stored.label.injected]
    ailment = replace(
        numbers_of(stored.case_at(1)),
        cause=causes[0],
        probabilities=dict.fromkeys(causes, 1 / len(causes)),
    )
    others = records_of(one for one in trials if one.family != stored.label.family)
    patches = [dict(one.patch) for one in prescribe(ailment, stored.spec, records=others)]
    return Treatment(key=run.key, judge=TOLD, cures=treat(run, patches, experiments, base=base))


def read_trials(path: Path = CURES) -> list[Trial]:
    if not path.exists():
        return []
    return [Trial(**json.loads(line)) for line in path.read_text().splitlines()]


def records_of(trials: Iterable[Trial]) -> Records:
    """Returns the records by cause and remedy, in alphabetical order."""
    tried: Counter[tuple[str, str]] = Counter()
    cured: Counter[tuple[str, str]] = Counter()
    control: Counter[tuple[str, str]] = Counter()
    for one in trials:
        pair = (one.cause, one.remedy)
        tried[pair] += 1
        cured[pair] += one.cured
        control[pair] += one.control_cured
    return {
        cause: {
            kind: Record(
                tried=tried[cause, kind],
                cured=cured[cause, kind],
                control_cured=control[cause, kind],
                source=SOURCE,
            )
            for kind in sorted(kind for known, kind in tried if known == cause)
        }
        for cause in sorted({cause for cause, _ in tried})
    }


def module_of(records: Records) -> str:
    """Returns the source of the domain's table."""
    lines = [_HEADER.format(source=SOURCE)]
    for cause, of_cause in records.items():
        lines.append(f'        "{cause}": {{\n')
        for kind, one in of_cause.items():
            lines.append(
                f'            "{kind}": _record({one.tried}, {one.cured}, {one.control_cured}),\n'
            )
        lines.append("        },\n")
    return "".join([*lines, _FOOTER])


def _confirmed(
    plan: Iterable[PlannedRun],
    stored: Mapping[str, StoredRun],
    experiments: Experiments,
    *,
    bases: Mapping[str, float],
    most_of_kind: int,
) -> Iterator[Diagnosed]:
    """Yields labels, without cures, of failed runs with one fault that fresh seeds fail too."""
    num_of_kind: Counter[str] = Counter()
    for run in plan:
        is_sick = graded(stored[run.key], bases[run.task]).grade is Grade.FAILED
        if len(run.injections) != 1 or not is_sick:
            continue
        is_wanted = run.injections[0].leaf == CENTRAL or num_of_kind[run.kind] < most_of_kind
        label = _control(run, experiments, base=bases[run.task]) if is_wanted else None
        if label is not None and label.is_confirmed:
            num_of_kind[run.kind] += 1
            yield label


def _control(run: PlannedRun, experiments: Experiments, *, base: float) -> Diagnosed:
    """Returns a label that has the run with fresh seeds alone."""
    again = experiments.all_progress(Question(order=run.order, data_seed=run.seed), base=base)
    return Diagnosed(key=run.key, control=decided(again, FAILED_BELOW), tried=())


def _try_long_lags(experiments: Experiments) -> Iterator[Trial]:
    """Yields trials on the simple networks with long lags that stay sick."""
    base = POSSIBLE_PROGRESS
    for run in long_lags():
        label = _control(run, experiments, base=base)
        if label.is_confirmed:
            stored = train_run(run, plan=CALIBRATION)
            yield from try_remedies(run, stored, label, experiments, base=base)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=Path, default=RUNS)
    parser.add_argument("--labels", type=Path, default=LABELS)
    parser.add_argument("--cures", type=Path, default=CURES)
    parser.add_argument("--treatments", type=Path, default=TREATMENTS)
    parser.add_argument("--experiments", type=Path, default=Path("build/experiments.jsonl"))
    parser.add_argument("--more", type=int, default=0, help="unlabelled runs of each kind of fault")
    return parser.parse_args()


def _write_lines(path: Path, values: Iterable[Trial | Treatment]) -> None:
    path.write_text("".join(json.dumps(vars(one)) + "\n" for one in values))


def main() -> None:
    chosen = _arguments()
    torch.set_num_threads(1)
    os.nice(max(0, _NICENESS - os.nice(0)))
    chosen.experiments.parent.mkdir(parents=True, exist_ok=True)
    every = [run for run in read_runs(chosen.runs) if run.label.plan == CALIBRATION]
    bases = base_progress(every)
    stored = {run.key: run for run in every if run.label.task in bases}
    plan = {run.key: run for run in plan_named(CALIBRATION) if run.key in stored}
    labels = {key: one for key, one in read_labels(chosen.labels).items() if key in plan}
    sick = [label for label in labels.values() if label.is_confirmed]
    experiments = Experiments(chosen.experiments)
    unlabelled = [run for run in plan.values() if run.key not in labels]
    others = _confirmed(unlabelled, stored, experiments, bases=bases, most_of_kind=chosen.more)
    trials = []
    for label in chain(sick, others):
        run = plan[label.key]
        found = try_remedies(run, stored[run.key], label, experiments, base=bases[run.task])
        for trial in found:
            trials.append(trial)
            print(f"{run.task} {run.kind}: {trial}", flush=True)
    for trial in _try_long_lags(experiments):
        trials.append(trial)
        print(f"long lag: {trial}", flush=True)
    _write_lines(chosen.cures, trials)
    Path(written.__file__).write_text(module_of(records_of(trials)))
    treatments = [one for one in read_treatments(chosen.treatments) if one.judge != TOLD]
    for label in sick:
        run = plan[label.key]
        told = treat_when_told(run, stored[run.key], trials, experiments, base=bases[run.task])
        treatments.append(told)
        print(f"{run.task} {run.kind}, told: {told.cures}", flush=True)
    _write_lines(chosen.treatments, treatments)


if __name__ == "__main__":
    main()
