"""How a run ended, compared with its base: failed, grey or healthy."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from bench.diagnosis.planned import BASE
from bench.diagnosis.stored import Label, Outcome, StoredRun

FAILED_BELOW, HEALTHY_FROM = 0.5, 0.8
#: A failed run below this share of the base's progress failed totally, otherwise partially.
TOTAL_BELOW = 0.1
#: Late learners reach half of their own progress only after this share of their steps.
LATE = 1 / 3


class Grade(StrEnum):
    FAILED = "failed"
    #: Neither failed nor healthy: not scored.
    GREY = "grey"
    HEALTHY = "healthy"


@dataclass(frozen=True, kw_only=True)
class Graded:
    """A run without its telemetry."""

    key: str
    label: Label
    #: Of the base's progress, on the test part; at most 1 where the optimum is known.
    progress: float
    grade: Grade
    #: Share of the steps after which the run had half of its last progress; None without scores.
    learned_at: float | None
    seconds: float

    @property
    def is_total(self) -> bool:
        return self.progress < TOTAL_BELOW

    @property
    def is_late(self) -> bool:
        return self.learned_at is not None and self.learned_at >= LATE


def base_progress(runs: Iterable[StoredRun]) -> Mapping[str, float]:
    """Returns the median progress of each task's bases on the test part."""
    found: dict[str, list[float]] = {}
    for run in runs:
        if run.label.kind == BASE:
            found.setdefault(run.label.task, []).append(run.outcome.progress())
    return {task: median(values) for task, values in found.items()}


def relative(outcome: Outcome, base: float) -> float:
    """Returns the share of the base's progress that a run made.

    Where the optimum is known it is the optimum over the score, since nearly nothing is there to
    gain over the baseline.
    """
    if outcome.optimum is None:
        return outcome.progress() / base
    score = outcome.scores["test"]
    return min(1.0, outcome.optimum / score) if math.isfinite(score) and score > 0 else -math.inf


def grade_of(progress: float) -> Grade:
    if progress < FAILED_BELOW:
        return Grade.FAILED
    return Grade.GREY if progress < HEALTHY_FROM else Grade.HEALTHY


def graded(run: StoredRun, base: float) -> Graded:
    progress = relative(run.outcome, base)
    return Graded(
        key=run.key,
        label=run.label,
        progress=progress,
        grade=grade_of(progress),
        learned_at=_learned_at(run),
        seconds=run.outcome.seconds,
    )


def _learned_at(run: StoredRun) -> float | None:
    floor = run.outcome.floors["validation"]
    evaluated = [
        (reading.step, floor - reading.value)
        for reading in run.telemetry.scalar_readings
        if str(reading.scope) == "validation" and reading.quantity == run.facts.metric
    ]
    if not evaluated or evaluated[-1][1] <= 0:
        return None
    half = evaluated[-1][1] / 2
    # the last evaluation below half, so that a lucky early one does not count
    below = [step for step, gain in evaluated if gain < half]
    return (below[-1] if below else 0) / run.num_steps


def values_of(run: Graded) -> frozenset[tuple[str, float]]:
    """Returns kind and level of a single fault; nothing for other runs."""
    injected = run.label.injected
    return frozenset((one.kind, one.level) for one in injected if len(injected) == 1)


def solved_values(runs: Iterable[Graded]) -> frozenset[tuple[str, float]]:
    """Returns the values of faults with which some run solved its task all the same."""
    return frozenset(
        value for run in runs if run.grade is Grade.HEALTHY for value in values_of(run)
    )
