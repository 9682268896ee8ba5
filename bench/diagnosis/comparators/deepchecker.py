"""TheDeepChecker (Ben Braiek & Khomh 2023): the checks that run while a network trains."""

from collections.abc import Callable, Iterator

import numpy as np

from app.domain.diagnosis.case import Case
from bench.diagnosis.comparators import series
from bench.diagnosis.comparators.comparator import Alarm, Comparator

START, PERIOD = 10, 10
SMALL_GRADIENT, LARGE_GRADIENT = 1e-6, 1e6
HALVES, DOUBLES, IN_SEQUENCE = 0.5, 2.0, 4
FAST_UPDATE, SLOW_UPDATE = -1.0, -4.0
LARGE_WEIGHT = 1e8
DEAD_SHARE, SATURATED_SHARE = 0.5, 0.5
STAGNATES = 0.05
SMOOTHNESS, SMOOTHNESS_STEPS = 0.5, 50


def alarms(case: Case) -> Iterator[Alarm]:
    """Yields what fires at one of the checks, every tenth step from the tenth on."""
    if series.losses(case).size <= START:
        return
    if series.has_bad_number(case):
        yield Alarm(rule="not a number")
    for name in series.weight_names(case):
        yield from _of_tensor(case, name)
    if any(one > DEAD_SHARE for one in series.unit_share(case, "dead_fraction").values()):
        yield Alarm(rule="dead units", leaf="dead_start")
    if any(one > SATURATED_SHARE for one in series.unit_share(case, "saturated_fraction").values()):
        yield Alarm(rule="saturated units", leaf="saturated_start")
    yield from _of_losses(series.losses(case))


def _of_tensor(case: Case, name: str) -> Iterator[Alarm]:
    means = series.mean_gradient(case, name)[START::PERIOD]
    if (means < SMALL_GRADIENT).any() or _in_sequence(means, lambda ratio: ratio <= HALVES):
        yield Alarm(rule="vanishing gradient", leaf="contractive_recurrence")
    if (means > LARGE_GRADIENT).any() or _in_sequence(means, lambda ratio: ratio >= DOUBLES):
        yield Alarm(rule="exploding gradient", leaf="expansive_recurrence")
    updates = series.tensor(case, "update_ratio", name)[START:]
    periods = updates[: updates.size // PERIOD * PERIOD].reshape(-1, PERIOD)
    with np.errstate(divide="ignore"):
        speeds = np.log10(periods).mean(axis=1)
    if (speeds > FAST_UPDATE).any():
        yield Alarm(rule="fast updates", leaf="learning_rate_too_high")
    if (speeds < SLOW_UPDATE).any():
        yield Alarm(rule="slow updates", leaf="learning_rate_too_low")
    weights = series.tensor(case, "weight_norm", name)[START::PERIOD]
    if (weights > LARGE_WEIGHT).any() or _in_sequence(weights, lambda ratio: ratio >= DOUBLES):
        yield Alarm(rule="diverging weights", leaf="learning_rate_too_high")


def _of_losses(losses: np.ndarray) -> Iterator[Alarm]:
    checked = losses[START::PERIOD]
    with np.errstate(divide="ignore", invalid="ignore"):
        drops = (checked[:-1] - checked[1:]) / np.abs(checked[:-1])
        over_least = checked / np.minimum.accumulate(checked)
    if _longest((drops < STAGNATES).tolist()) >= IN_SEQUENCE:
        yield Alarm(rule="stagnating loss", leaf="learning_rate_too_low")
    if _in_sequence(over_least, lambda ratio: ratio >= DOUBLES):
        yield Alarm(rule="diverging loss", leaf="learning_rate_too_high")
    turns = np.sign(np.diff(losses))
    changes = turns[1:] * turns[:-1] < 0
    if changes.size >= SMOOTHNESS_STEPS and 1 - changes[-SMOOTHNESS_STEPS:].mean() < SMOOTHNESS:
        yield Alarm(rule="fluctuating loss", leaf="learning_rate_too_high")


def _in_sequence(values: np.ndarray, holds: Callable[[np.ndarray], np.ndarray]) -> bool:
    with np.errstate(divide="ignore", invalid="ignore"):
        return _longest(holds(values[1:] / values[:-1]).tolist()) >= IN_SEQUENCE


def _longest(flags: list[bool]) -> int:
    """Returns the length of the longest sequence of True."""
    longest = now = 0
    for flag in flags:
        now = now + 1 if flag else 0
        longest = max(longest, now)
    return longest


COMPARATOR = Comparator(
    name="TheDeepChecker",
    source="github.com/thedeepchecker/thedeepchecker, deep_checker/config/settings.yaml, hooks.py",
    choices=(
        "mean(|x|) of a tensor is its norm / sqrt(entries) · sqrt(2/pi), as of normal entries",
        "saturated: the share within 5 % of a limit stands for the 50-bin measure",
        "checks before training (overfitting one batch, variance tests) are left out",
    ),
    alarms=alarms,
)
