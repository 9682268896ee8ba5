"""AutoTrainer (Zhang et al., ICSE 2021): its monitor and its order of priorities."""

from collections.abc import Iterator

import numpy as np

from app.domain.diagnosis.case import Case
from bench.diagnosis.comparators import series
from bench.diagnosis.comparators.comparator import Alarm, Comparator

#: The names that the published configuration gives them.
BETA_1, BETA_2, BETA_3 = 1e-3, 1e-4, 70.0
GAMMA, ZETA, ETA, DELTA, THETA = 0.7, 0.03, 0.2, 0.01, 0.7
MAX_LOSS = 1e3
#: The loss and accuracy tests begin at this share of the run.
JUDGMENT_POINT = 0.3
#: Without an earlier sign the gradients are looked at from here on.
LATEST_LOOK = 0.5


def alarms(case: Case) -> Iterator[Alarm]:
    """Yields what fires: activation and loss first, then gradients, then the score."""
    if series.has_bad_number(case) or (series.losses(case) >= MAX_LOSS).any():
        yield Alarm(rule="explode", leaf="expansive_recurrence")
    share = case.present_step / case.num_steps
    if share < JUDGMENT_POINT:
        return
    train, validation = series.accuracies(case, "train"), series.accuracies(case, "validation")
    is_slow = _is_slow(train) and _is_slow(validation)
    is_poor = _is_poor(train) and _is_poor(validation)
    if (is_slow or is_poor) and (is_slow or share >= LATEST_LOOK):
        yield from _of_gradients(case)
    if is_slow and is_poor:
        yield Alarm(rule="slow convergence", leaf="learning_rate_too_low")
    if _is_oscillating(train):
        yield Alarm(rule="unstable", leaf="learning_rate_too_high")
    if is_poor:
        yield Alarm(rule="not converge")


def _of_gradients(case: Case) -> Iterator[Alarm]:
    names = series.weight_names(case)
    if not names:
        return
    first, last = (series.tensor(case, "grad_norm", name)[-1] for name in (names[0], names[-1]))
    rate = first / last if last else np.inf
    if rate < BETA_1 and first < BETA_2:
        yield Alarm(rule="vanish", leaf="contractive_recurrence")
    if rate > BETA_3:
        yield Alarm(rule="explode", leaf="expansive_recurrence")
    zeros = [series.tensor(case, "zero_fraction", name)[-1:] for name in names]
    if case.spec.model.kind == "elman" and any((zero >= GAMMA).any() for zero in zeros):
        yield Alarm(rule="dying relu", leaf="dead_start")


def _is_slow(accuracies: np.ndarray) -> bool:
    return accuracies.size > 1 and bool(np.diff(accuracies).max() < DELTA)


def _is_poor(accuracies: np.ndarray) -> bool:
    return bool(accuracies.size and accuracies.max() < THETA)


def _is_oscillating(accuracies: np.ndarray) -> bool:
    """Counts pairs of the i-th local maximum and the i-th local minimum that lie ZETA apart."""
    change = np.sign(np.diff(accuracies))
    turns = np.flatnonzero(change[1:] * change[:-1] < 0) + 1
    highs = [accuracies[turn] for turn in turns if change[turn - 1] > 0]
    lows = [accuracies[turn] for turn in turns if change[turn - 1] < 0]
    wide = sum(high - low >= ZETA for high, low in zip(highs, lows, strict=False))
    return bool(wide and wide >= ETA * accuracies.size)


COMPARATOR = Comparator(
    name="AutoTrainer",
    source="github.com/shiningrain/AUTOTRAINER, AutoTrainer/utils/monitor.py and utils.py",
    choices=(
        "an epoch is an evaluation; the accuracy of a regression is 1 - error / baseline",
        "gradients are those of the last step, not of the first batch of the data",
        "dying relu is asked of elman networks only, since gates have no relu",
    ),
    alarms=alarms,
)
