"""UMLAUT (Schoop et al., CHI 2021): its heuristics that apply to recurrent networks."""

from collections.abc import Iterator

import numpy as np

from app.domain.diagnosis.case import Case
from bench.diagnosis.comparators import series
from bench.diagnosis.comparators.comparator import Alarm, Comparator

HIGH_RATE, LOW_RATE = 0.01, 1e-7
HIGH_ACCURACY, ACCURACY_GAP, FROM_EPOCH = 0.95, 0.05, 3
HIGH_DROPOUT = 0.5


def alarms(case: Case) -> Iterator[Alarm]:
    """Yields what it would print; it always prints all of it."""
    if np.isnan(series.losses(case)).any():
        yield Alarm(rule="NaN in loss")
    rate = case.spec.optimizer.learning_rate
    if rate > HIGH_RATE:
        yield Alarm(rule="learning rate is high", leaf="learning_rate_too_high")
    if rate < LOW_RATE:
        yield Alarm(rule="learning rate is low", leaf="learning_rate_too_low")
    if case.spec.model.dropout > HIGH_DROPOUT:
        yield Alarm(rule="dropout is high", leaf="dropout_too_high")
    train, validation = series.errors(case, "train"), series.errors(case, "validation")
    both = min(train.size, validation.size)
    rises = (np.diff(validation[:both]) > 0) & (np.diff(train[:both]) <= 0)
    if rises.any():
        yield Alarm(rule="overfitting", leaf="overfitting")
    yield from _of_accuracy(case)


def _of_accuracy(case: Case) -> Iterator[Alarm]:
    train, validation = series.accuracies(case, "train"), series.accuracies(case, "validation")
    both = min(train.size, validation.size)
    late, early = validation[FROM_EPOCH:both], train[FROM_EPOCH:both]
    if ((late > HIGH_ACCURACY) | (late - early > ACCURACY_GAP)).any():
        yield Alarm(rule="validation accuracy is suspicious")


COMPARATOR = Comparator(
    name="UMLAUT",
    source="github.com/BerkeleyHCI/umlaut, umlaut/heuristics.py",
    choices=(
        "an epoch is an evaluation; the accuracy of a regression is 1 - error / baseline",
        "the range of inputs is not stored, so that rule is left out",
    ),
    alarms=alarms,
)
