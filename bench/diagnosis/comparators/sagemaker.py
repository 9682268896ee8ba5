"""The built-in rules of Amazon SageMaker Debugger, with their defaults."""

from collections.abc import Iterator

import numpy as np

from app.domain.diagnosis.case import Case
from bench.diagnosis.comparators import series
from bench.diagnosis.comparators.comparator import Alarm, Comparator

VANISHING = 1e-7
LARGE_UPDATE, SMALL_UPDATE = 10.0, 1e-8
DEAD_SHARE, SATURATED_SHARE = 0.5, 0.5
LOSS_EVERY = 10
UNCHANGED_STEPS = 3
OVERFIT_RATIO = 0.1
PATIENCE_TRAIN, PATIENCE_VALIDATION, DELTA = 5, 10, 0.1


def alarms(case: Case) -> Iterator[Alarm]:
    """Yields what fires, in the order of the rules in the guide."""
    if series.has_bad_number(case):
        yield Alarm(rule="ExplodingTensor", leaf="expansive_recurrence")
    for name in series.weight_names(case):
        if (series.mean_gradient(case, name) < VANISHING).any():
            yield Alarm(rule="VanishingGradient", leaf="contractive_recurrence")
            break
    updates = case.telemetry.tensors.get("update_ratio")
    if updates is not None:
        yield from _of_updates(np.asarray(updates, dtype=np.float64))
    yield from _of_units(case)
    yield from _of_losses(case)


def _of_updates(ratios: np.ndarray) -> Iterator[Alarm]:
    """Yields for (n, P) update ratios."""
    if (ratios > LARGE_UPDATE).any():
        yield Alarm(rule="WeightUpdateRatio", leaf="learning_rate_too_high")
    if (ratios < SMALL_UPDATE).any():
        yield Alarm(rule="WeightUpdateRatio", leaf="learning_rate_too_low")
    still = (ratios <= SMALL_UPDATE).all(axis=1).astype(int)
    if still.size >= UNCHANGED_STEPS and np.convolve(still, np.ones(UNCHANGED_STEPS)).max() >= 3:
        yield Alarm(rule="UnchangedTensor")


def _of_units(case: Case) -> Iterator[Alarm]:
    if any(one > DEAD_SHARE for one in series.unit_share(case, "dead_fraction").values()):
        yield Alarm(rule="DeadRelu", leaf="dead_start")
    if any(one > SATURATED_SHARE for one in series.unit_share(case, "saturated_fraction").values()):
        yield Alarm(rule="SaturatedActivation", leaf="saturated_start")


def _of_losses(case: Case) -> Iterator[Alarm]:
    losses = series.losses(case)[::LOSS_EVERY]
    if (np.diff(losses) >= 0).any():
        yield Alarm(rule="LossNotDecreasing")
    train, validation = series.errors(case, "train"), series.errors(case, "validation")
    both = min(train.size, validation.size)
    if (validation[:both] > (1 + OVERFIT_RATIO) * train[:both]).any():
        yield Alarm(rule="Overfit", leaf="overfitting")
    if _is_stale(train, PATIENCE_TRAIN) or _is_stale(validation, PATIENCE_VALIDATION):
        yield Alarm(rule="Overtraining", leaf="overfitting")


def _is_stale(errors: np.ndarray, patience: int) -> bool:
    """Returns whether no error of `patience` evaluations was a new best by DELTA."""
    best, waited = np.inf, 0
    for error in errors:
        waited = 0 if error < best - DELTA else waited + 1
        best = min(best, error)
        if waited > patience:
            return True
    return False


COMPARATOR = Comparator(
    name="SageMaker Debugger",
    source="amazon-sagemaker-developer-guide, debugger-built-in-rules, commit 1c4d5ff",
    choices=(
        "mean|g| of a tensor is its norm / sqrt(entries) · sqrt(2/pi), as of normal entries",
        "rules see every step, not every 500th",
        "saturated: the share within 5 % of a limit, since the tensors' ranges are not stored",
        "without the rules for images, text tokens, trees and the confusion matrix",
    ),
    alarms=alarms,
)
