"""The numbers of a run from which remedies draw their amounts."""

from collections.abc import Sequence
from math import exp, isfinite, log

import numpy as np

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.measures.scores import BEST_VALIDATION_GAIN
from app.domain.diagnosis.progress import IDEAL
from app.domain.diagnosis.remedy import Ailment
from app.domain.diagnosis.standing import BaselineThresholds
from app.domain.diagnosis.trends import finite_median
from app.domain.scopes import Scope
from app.domain.task import JUDGED_SPLIT, MetricMode, TaskFacts, TaskShape
from app.domain.telemetry import DoubleArray, IntArray

#: In a run that became non-finite, gradients above this median norm overflow before clipping.
MAX_CLIPPABLE_NORM = 1e6
#: Probes of the start of a run: later ones see steps that the run has adapted to.
NUM_EARLY_PROBES = 4
#: What a best multiple of 0 counts as: it lies below 0.1, the least that the probe tries.
LEAST_FACTOR = 0.03
#: A task counts as learned when this share of the gap between baseline and best score is left.
GAP_LEFT = 0.1
#: Evaluations from which a trend of the score is read, at least.
MIN_EVALUATIONS = 4


def numbers_of(case: Case) -> Ailment:
    """Returns what was measured of the run, without a finding or a cause."""
    task = case.task
    usual = finite_median(case.recorded("grad_norm"))
    has_overflowed = case.is_bad_n.any() and (usual is None or usual > MAX_CLIPPABLE_NORM)
    factors = _of_model(case, "best_step_factor")
    losses = case.recorded("loss")
    shares = [*_of_model(case, "penalty_share"), *_of_model(case, "decay_share")]
    eps = _of_model(case, "second_moment_over_eps")
    return Ailment(
        required_lag=task.required_lag.timesteps if task else None,
        length=task.length if task else case.spec.dataset.sequence_length,
        shape=TaskShape.of_task(task) if task else None,
        grad_norm=usual,
        is_gradient_finite=not has_overflowed,
        starts_finite=not losses.size or isfinite(losses[0]),
        early_step_factor=typical_factor(factors[:NUM_EARLY_PROBES]),
        step_factor=finite_median(np.array(factors)),
        second_moment_over_eps=eps[-1] if eps else None,
        penalty_share=max(shares, default=None),
        needed_steps=_needed_steps(case),
        best_step=_best_step(case),
        best_gain=_best_gain(case),
        fork_step=_fork_step(case),
        useful_context=_useful_context(case),
    )


def typical_factor(factors: Sequence[float]) -> float | None:
    """Returns the geometric mean; a factor of 0 counts as one below the least that is tried."""
    if not factors:
        return None
    return exp(sum(log(max(factor, LEAST_FACTOR)) for factor in factors) / len(factors))


def _of_model(case: Case, quantity: str) -> list[float]:
    """Returns the finite values of a probe's quantity of the whole model, by step."""
    found = [
        (reading.step, reading.value)
        for reading in case.readings_of(quantity)
        if reading.scope == Scope.model() and isfinite(reading.value)
    ]
    return [value for _, value in sorted(found)]


def _scores(case: Case, task: TaskFacts) -> tuple[IntArray, DoubleArray]:
    """Returns steps and finite scores of the evaluations on validation data."""
    steps, scores = case.telemetry.series(task.metric, Scope.split(JUDGED_SPLIT))
    finite = np.isfinite(scores)
    return steps[finite], scores[finite]


def _useful_context(case: Case) -> int | None:
    """Returns the timesteps that a simple model needs if they are more than the network sees."""
    longer = case.task.longer_context if case.task else None
    if longer is None or longer.enough <= longer.shown:
        return None
    return longer.enough


def _best_step(case: Case) -> int | None:
    if case.task is None:
        return None
    steps, scores = _scores(case, case.task)
    if not steps.size:
        return None
    is_minimised = case.task.mode is MetricMode.MINIMISE
    return int(steps[scores.argmin() if is_minimised else scores.argmax()])


def _best_gain(case: Case) -> float | None:
    gain = BEST_VALIDATION_GAIN.measure(case)
    return gain if isinstance(gain, float) else None


def _fork_step(case: Case) -> int | None:
    """Returns the step from which a fork goes on with something that was learned."""
    gain = _best_gain(case)
    least = case.thresholds.of(BaselineThresholds).min_gain
    return case.saved_best_step if gain is not None and gain >= least else None


def _needed_steps(case: Case) -> int | None:
    """Extrapolates the log of the gap to the best score over the second half of the evaluations.

    Returns None where the gap does not shrink.
    """
    task = case.task
    if task is None or task.baseline is None:
        return None
    steps, scores = _scores(case, task)
    half_n = steps >= steps[-1] / 2 if steps.size else np.zeros(0, dtype=bool)
    if half_n.sum() < MIN_EVALUATIONS:
        return None
    best = _best_score(task)
    gap_n = np.maximum(np.abs(scores[half_n] - best), np.finfo(np.float64).tiny)
    slope, start = np.polyfit(steps[half_n].astype(np.float64), np.log(gap_n), 1)
    wanted = GAP_LEFT * abs(task.baseline.score_on(JUDGED_SPLIT) - best)
    if slope >= 0 or wanted <= 0:
        return None
    needed = (log(wanted) - start) / slope
    return int(needed) if isfinite(needed) and 0 < needed < MAX_FORECAST else None


#: A forecast of more steps than this says that the score does not improve.
MAX_FORECAST = 10**9


def _best_score(task: TaskFacts) -> float:
    """Returns the attainable score, that of the reference, or a perfect one."""
    if task.attainable is not None:
        return task.attainable
    reference = task.reference.score_on(JUDGED_SPLIT, task.metric) if task.reference else None
    return IDEAL[task.mode] if reference is None else reference
