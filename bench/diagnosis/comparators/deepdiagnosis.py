"""DeepLocalize (ICSE 2021) and DeepDiagnosis (ICSE 2022), by the callbacks of the latter."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from app.domain.diagnosis.case import Case
from bench.diagnosis.comparators import series
from bench.diagnosis.comparators.comparator import Alarm, Comparator

EQUAL_LOSSES, EQUAL_ACCURACIES = 5, 20
VANISHING = 1e-7
DEAD_SHARE, SATURATED_SHARE = 0.7, 0.5
LOW_UPDATE, HIGH_UPDATE = 1e-5, 0.1
LOW_VARIANCE, HIGH_VARIANCE = 1e-5, 10.0


def localize(case: Case) -> Iterator[Alarm]:
    """Yields what DeepLocalize stops a training for."""
    if series.has_bad_number(case):
        yield Alarm(rule="numerical error")
    if _has_equal(series.losses(case), EQUAL_LOSSES):
        yield Alarm(rule="loss does not change")
    for name in series.weight_names(case):
        norms = series.tensor(case, "grad_norm", name)
        if norms.size and (norms == 0).mean() >= 0.5:
            yield Alarm(rule="gradient is 0")
        if _has_equal(norms, EQUAL_LOSSES):
            yield Alarm(rule="gradient does not change")


def diagnose(case: Case) -> Iterator[Alarm]:
    """Yields the cause that DeepDiagnosis names, if it sees a symptom at all."""
    symptom = next(_symptoms(case), None)
    if symptom is not None:
        yield Alarm(rule=symptom, leaf=_cause(case))


def _symptoms(case: Case) -> Iterator[str]:
    if series.has_bad_number(case):
        yield "exploding tensor"
    head = series.weight_names(case)[-1:]
    if any((series.mean_gradient(case, name)[-1:] < VANISHING).any() for name in head):
        yield "vanishing gradient"
    if any(one >= DEAD_SHARE for one in series.unit_share(case, "dead_fraction").values()):
        yield "dead node"
    if any(one > SATURATED_SHARE for one in series.unit_share(case, "saturated_fraction").values()):
        yield "saturated activation"
    if _has_equal(series.epoch_losses(case), EQUAL_LOSSES):
        yield "loss does not decrease"
    accuracies = series.accuracies(case, "validation")
    if _has_equal(accuracies, EQUAL_ACCURACIES):
        yield "accuracy does not increase"
    if accuracies.size and accuracies[-1] == 0:
        yield "invalid accuracy"


def _cause(case: Case) -> str | None:
    """Asks for poor weights first, then for the rate; the input's range is not stored."""
    for name in series.weight_names(case):
        norms = series.tensor(case, "weight_norm", name)[-1:]
        variances = norms**2 / series.num_entries(case, name)
        if ((variances < LOW_VARIANCE) | (variances > HIGH_VARIANCE)).any():
            return "saturated_start"
    for name in series.weight_names(case):
        norms = series.tensor(case, "weight_norm", name)[-1:]
        slopes = series.tensor(case, "grad_norm", name)[-1:]
        updates = case.scalar("learning_rate")[-1:] * slopes / norms
        if (updates > HIGH_UPDATE).any():
            return "learning_rate_too_high"
        if (updates < LOW_UPDATE).any():
            return "learning_rate_too_low"
    return None


def _has_equal(values: np.ndarray, count: int) -> bool:
    """Returns whether `count` values in sequence are equal."""
    same = 0
    for before, after in pairwise(values):
        same = same + 1 if before == after else 0
        if same >= count - 1:
            return True
    return False


LOCALIZE = Comparator(
    name="DeepLocalize",
    source="github.com/DeepDiagnosis/ICSE2022, callback/callbacks.py",
    choices=("layers' outputs are not stored: gradients and losses stand for them",),
    alarms=localize,
)
DIAGNOSE = Comparator(
    name="DeepDiagnosis",
    source="github.com/DeepDiagnosis/ICSE2022, callback/callbacks.py",
    choices=(
        "an epoch is an evaluation; the read-out is the one dense layer",
        "the variance of weights is their mean square, since means are not stored",
        "the rule on inputs outside of -1 to 1 is left out, since inputs are not stored",
    ),
    alarms=diagnose,
)
