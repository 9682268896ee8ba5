"""BTTackler (Pei et al., KDD 2024): the indicators by which it ends trials of a search."""

from collections.abc import Iterator

import numpy as np

from app.domain.diagnosis.case import Case
from bench.diagnosis.comparators import series
from bench.diagnosis.comparators.comparator import Alarm, Comparator

LARGE_GRADIENT, LARGE_RATIO = 1e4, 1e3
SMALL_GRADIENT, SMALL_RATIO = 1e-5, 1e-4
ZERO_SHARE, ZERO_EPOCHS = 0.5, 5
STILL = 1e-4
SLOPE, SPREAD, WINDOW = 0.01, 0.2, 6
RECENT = 3


def alarms(case: Case) -> Iterator[Alarm]:
    """Yields what fires on means over epochs, layer by layer."""
    epochs = [series.epoch_means(case, one) for one in _gradients(case)]
    if series.has_bad_number(case):
        yield Alarm(rule="exploding gradient", leaf="expansive_recurrence")
    if not epochs or not epochs[0].size:
        return
    last = np.array([one[-1] for one in epochs])
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = float(np.median(last[:-1] / last[1:]))
    if np.median(last) > LARGE_GRADIENT or ratio > LARGE_RATIO:
        yield Alarm(rule="exploding gradient", leaf="expansive_recurrence")
    is_early = case.present_step <= case.num_steps / 2
    if is_early and (np.median(last) < SMALL_GRADIENT or (last == 0).any() or ratio < SMALL_RATIO):
        yield Alarm(rule="vanishing gradient", leaf="contractive_recurrence")
    yield from _of_zeros(case)
    yield from _of_losses(series.epoch_losses(case), is_early=is_early)


def _gradients(case: Case) -> list[np.ndarray]:
    return [series.mean_gradient(case, name) for name in series.weight_names(case)]


def _of_zeros(case: Case) -> Iterator[Alarm]:
    shares = [
        series.epoch_means(case, series.tensor(case, "zero_fraction", name))
        for name in series.weight_names(case)
    ]
    if shares and shares[0].size >= ZERO_EPOCHS and np.median([one[-1] for one in shares]) > 0.5:
        yield Alarm(rule="dying relu", leaf="dead_start")


def _of_losses(losses: np.ndarray, *, is_early: bool) -> Iterator[Alarm]:
    if losses.size < WINDOW:
        return
    mean = losses.mean()
    if is_early and losses.std() < STILL * abs(mean):
        yield Alarm(rule="slow convergence", leaf="learning_rate_too_low")
    recent = losses[-WINDOW:]
    slope = float(np.polyfit(np.arange(WINDOW), recent, 1)[0]) / abs(recent.mean())
    if slope >= SLOPE and recent.std() / abs(recent.mean()) > SPREAD:
        yield Alarm(rule="heavy oscillation", leaf="learning_rate_too_high")
    if not is_early and losses[-RECENT:].mean() > losses[-2 * RECENT : -RECENT].mean():
        yield Alarm(rule="no more gain")


COMPARATOR = Comparator(
    name="BTTackler",
    source="github.com/thuml/BTTackler, bttackler/default_config.yaml, bridger/btassessor.py",
    choices=(
        "an epoch is an evaluation; its defect that NaN is never seen is mended",
        "the exception for the best tenth of trials is left out, since a run has no siblings",
        "the slope of the loss is relative to its mean, since scales of tasks differ",
    ),
    alarms=alarms,
)
