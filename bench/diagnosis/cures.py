"""Measures on a fresh test set how often our advice cures a sick run.

    nice -n 10 python -m bench.diagnosis.cures --runs PACKED [--experiments FILE] [--only controls]

A run is sick by its label: it made less than half of its base's progress. The control is the same
spec on the same data with three fresh seeds. Each of the first three remedies, and one patch for
all runs, are trained on the same data and seeds. A remedy cures where the median of the three test
scores makes 0.8 of the base's progress; our own verdict has no say. The third seed is left out
where the first two agree, and later remedies where an earlier one cured.

A remedy may take 1.2 times the steps of the run. One that trains longer may take three times as
many, and is compared with the same spec trained for as long. Its cost is that of the estimate that
the service shows.

Every training is kept in the file of experiments, so that a command that was stopped goes on. The
results are `fresh_cures.jsonl`, from which `bench.diagnosis.report_cures` writes CURES.md.
"""

import argparse
import json
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from pydantic import TypeAdapter, ValidationError

from app.domain.diagnosis.engine import diagnose
from app.domain.diagnosis.prescribe import NO_SIGNAL
from app.domain.diagnosis.remedy import Remedy
from app.domain.estimate import estimate
from app.domain.specs.job import JobSpec
from app.domain.task import TaskFacts, TaskShape
from bench.diagnosis.experiments import Experiments, Question
from bench.diagnosis.faults.kind import Change, Order
from bench.diagnosis.fresh import plan_named
from bench.diagnosis.grading import HEALTHY_FROM, Grade, base_progress, graded
from bench.diagnosis.judges.clinic import advised
from bench.diagnosis.labels import MAJORITY, decided
from bench.diagnosis.planned import PlannedRun
from bench.diagnosis.remedies import MAX_STEPS_FACTOR, MOST, UNIVERSAL, universal
from bench.diagnosis.stored import StoredRun, read_runs
from bench.diagnosis.tasks import Document

CURES = Path(__file__).parent / "fresh_cures.jsonl"
#: Times the steps of the run; a remedy of more steps trains longer.
MAX_COST = 1.2
_NICENESS = 10


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What came of one patch of one run."""

    #: Kind of the remedy, or the name of the patch for all.
    kind: str
    #: Shares of the base's progress, one for each fresh seed that was needed to decide.
    progress: tuple[float, ...]
    #: Steps, and seconds as the service estimates them, in times those of the control.
    steps: float
    cost: float
    #: Progress of the run's own spec with as many steps, where the remedy trains longer.
    longer_control: tuple[float, ...] = ()

    @property
    def is_cure(self) -> bool:
        return is_cured(self.progress)

    @property
    def is_longer(self) -> bool:
        return self.steps > MAX_COST


@dataclass(frozen=True, kw_only=True)
class Course:
    """A sick run, its control, and what was tried on it."""

    key: str
    task: str
    family: str
    #: The injected causes.
    causes: tuple[str, ...]
    #: The verdict, and the cause named first, at the end of the run.
    verdict: str
    named: str | None
    control: tuple[float, ...]
    num_offered: int
    #: In the order of advice, up to the first that cures.
    remedies: tuple[Attempt, ...]
    universal: Attempt | None

    @property
    def is_control_sick(self) -> bool:
        return not is_cured(self.control)


def is_cured(progress: Sequence[float]) -> bool:
    """Returns whether the median over the fresh seeds makes enough of the base's progress."""
    return sum(one >= HEALTHY_FROM for one in progress) >= MAJORITY


@dataclass(frozen=True, kw_only=True)
class Ward:
    """Trains what is asked of one run."""

    run: PlannedRun
    facts: TaskFacts
    experiments: Experiments
    base: float

    def control(self) -> tuple[float, ...]:
        return self._progress(self.run.order)

    def attempt(self, kind: str, patch: Document) -> Attempt:
        order = self.run.order.changed(Change(patch=patch))
        steps = _num_steps(order) / _num_steps(self.run.order)
        cost = self._seconds(order) / self._seconds(self.run.order)
        if steps > MAX_STEPS_FACTOR:
            return Attempt(kind=kind, progress=(), steps=steps, cost=cost)
        progress = self._progress(order)
        is_longer = steps > MAX_COST and is_cured(progress)
        return Attempt(
            kind=kind,
            progress=progress,
            steps=steps,
            cost=round(cost, 2),
            longer_control=self._progress(self._longer(order)) if is_longer else (),
        )

    def attempts(self, advice: Sequence[tuple[str, Document]]) -> Iterator[Attempt]:
        """Yields those of the first remedies up to the first that cures."""
        for kind, patch in advice[:MOST]:
            attempt = self.attempt(kind, patch)
            yield attempt
            if attempt.is_cure:
                return

    def _progress(self, order: Order) -> tuple[float, ...]:
        question = Question(order=order, data_seed=self.run.seed)
        return decided(self.experiments.all_progress(question, base=self.base), HEALTHY_FROM)

    def _longer(self, order: Order) -> Order:
        patch: Document = {"training": {"num_steps": int(_num_steps(order))}}
        return self.run.order.changed(Change(patch=patch))

    def _seconds(self, order: Order) -> float:
        """Returns the estimate of the service; infinity for an order that is not valid.

        Measured seconds of equal runs differ by half where others use the machine.
        """
        try:
            spec = JobSpec.model_validate(order.spec)
        except ValidationError:
            return math.inf
        length = spec.dataset.sequence_length or _upload_length(order) or self.facts.length
        return estimate(spec, replace(TaskShape.of_task(self.facts), length=length)).seconds


def _upload_length(order: Order) -> int | None:
    """Returns the timesteps of an uploaded sequence; None where the upload has none."""
    is_labelled = order.upload is not None and order.upload.kind == "labelled"
    return order.upload.count("length") if order.upload and is_labelled else None


def _num_steps(order: Order) -> float:
    """Returns the steps of a valid order; infinity for one that is not."""
    try:
        return JobSpec.model_validate(order.spec).training.num_steps
    except ValidationError:
        return math.inf


def course(ward: Ward, stored: StoredRun) -> Course:
    """Trains the control, and the advice and the patch for all where the control stays sick."""
    diagnosis = diagnose(stored.case_at(1))
    advice = _distinct(advised(diagnosis))
    control = ward.control()
    is_sick = not is_cured(control)
    leaves = [leaf for cause in diagnosis.causes for leaf in cause.leaves]
    return Course(
        key=stored.key,
        task=stored.label.task,
        family=stored.label.family,
        causes=tuple(sorted(stored.label.leaves)),
        verdict=diagnosis.verdict.value,
        named=leaves[0].code if leaves else None,
        control=control,
        num_offered=len(advice),
        remedies=tuple(ward.attempts(advice)) if is_sick else (),
        universal=ward.attempt(UNIVERSAL, universal(stored.spec)) if is_sick else None,
    )


def _distinct(remedies: Iterable[Remedy]) -> list[tuple[str, Document]]:
    """Returns kind and patch of each remedy once: several findings may offer the same."""
    found: list[tuple[str, Document]] = []
    for remedy in remedies:
        patch = dict(remedy.patch)
        if patch not in [known for _, known in found]:
            found.append((remedy.kind, patch))
    return found


_COURSE = TypeAdapter(Course)


def read_courses(path: Path = CURES) -> list[Course]:
    """Returns the courses of a file of results."""
    return [_COURSE.validate_python(json.loads(line)) for line in path.read_text().splitlines()]


def write_courses(path: Path, courses: Sequence[Course]) -> None:
    # a score that is not finite is minus infinity, which json writes and reads
    path.write_text("".join(json.dumps(_COURSE.dump_python(one)) + "\n" for one in courses))


def sick_runs(runs: Sequence[StoredRun], most: int | None = None) -> list[StoredRun]:
    """Returns the runs that failed by their label, in the order of their keys, which are hashes.

    Those of random data alone come first, so that all of them are asked for advice.
    """
    bases = base_progress(runs)
    failed = [
        run
        for run in runs
        if run.label.task in bases and graded(run, bases[run.label.task]).grade is Grade.FAILED
    ]
    return sorted(failed, key=lambda run: (run.label.leaves != {NO_SIGNAL}, run.key))[:most]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--experiments", type=Path, default=Path("build/fresh_experiments.jsonl"))
    parser.add_argument("--to", type=Path, default=CURES)
    parser.add_argument("--most", type=int, default=None, help="the first runs by their keys")
    parser.add_argument("--only", choices=("controls",), default=None)
    return parser.parse_args()


def main() -> None:
    chosen = _arguments()
    torch.set_num_threads(1)
    os.nice(max(0, _NICENESS - os.nice(0)))
    chosen.experiments.parent.mkdir(parents=True, exist_ok=True)
    runs = list(read_runs(chosen.runs))
    bases, sick = base_progress(runs), sick_runs(runs, chosen.most)
    plan = {run.key: run for run in plan_named(sick[0].label.plan)}
    experiments = Experiments(chosen.experiments)
    courses = []
    for number, stored in enumerate(sick, start=1):
        base = bases[stored.label.task]
        ward = Ward(run=plan[stored.key], facts=stored.facts, experiments=experiments, base=base)
        if chosen.only:
            print(f"{number}/{len(sick)} {stored.label.kind}: {ward.control()}", flush=True)
            continue
        courses.append(course(ward, stored))
        told = [(one.kind, one.progress) for one in courses[-1].remedies]
        print(f"{number}/{len(sick)} {stored.label.kind}: {told}", flush=True)
    if courses:
        write_courses(chosen.to, courses)


if __name__ == "__main__":
    main()
