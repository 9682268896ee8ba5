"""Evidence on what was learned, and from which data."""

from collections.abc import Callable

import numpy as np
from pydantic import JsonValue

from app.domain.data_facts import LongerContext
from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import EvidenceKey
from app.domain.diagnosis.evidence import number
from app.domain.diagnosis.measures.readings import latest
from app.domain.diagnosis.origin import find_origin
from app.domain.scopes import Scope, Split
from app.domain.task import MetricMode
from app.domain.telemetry import DoubleArray

#: Number of latest evaluations whose median counts, because a single one is noisy.
NUM_EVALUATIONS = 3


def gains(case: Case, split: Split) -> DoubleArray:
    """Returns (n,) how much better than the baseline each evaluation is, relative to the baseline.

    Empty without a baseline or without scores; below 0 an evaluation is worse than the baseline.
    """
    if case.task is None or case.task.baseline is None:
        return np.array([])
    floor = case.task.baseline.score_on(split)
    _, scores_n = case.telemetry.series(case.task.metric, Scope.split(split))
    sign = 1.0 if case.task.mode is MetricMode.MINIMISE else -1.0
    scores_n = scores_n[np.isfinite(scores_n)]
    return sign * (floor - scores_n) / abs(floor) if floor else np.array([])


def _latest_gain(split: Split) -> Callable[[Case], JsonValue]:
    def measure(case: Case) -> float | None:
        gains_n = gains(case, split)[-NUM_EVALUATIONS:]
        return float(np.median(gains_n)) if gains_n.size else None

    return measure


def _best_gain(case: Case) -> float | None:
    gains_n = gains(case, "validation")
    return float(gains_n.max()) if gains_n.size else None


def reference_gain(case: Case) -> float | None:
    """Returns how much better than the baseline the reference model is on validation, relative."""
    task = case.task
    if task is None or task.baseline is None or task.reference is None:
        return None
    score = task.reference.score_on("validation", task.metric)
    floor = task.baseline.score_on("validation")
    if score is None or not floor:
        return None
    sign = 1.0 if task.mode is MetricMode.MINIMISE else -1.0
    return number(sign * (floor - score) / abs(floor))


def _outside_share(case: Case) -> float | None:
    shift = case.task.shift if case.task else None
    largest = shift["validation"].largest if shift and "validation" in shift else None
    return None if largest is None else number(largest.outside_share)


def _longer_context(case: Case) -> LongerContext | None:
    return case.task.longer_context if case.task else None


def _enough_context(case: Case) -> int | None:
    context = _longer_context(case)
    return None if context is None else context.enough


def _context_gain(case: Case) -> float | None:
    context = _longer_context(case)
    return None if context is None else number(context.gain)


def _bad_rows(case: Case) -> JsonValue:
    origin = find_origin(case)
    return list(origin.batch_rows) if origin is not None else None


TRAINING_GAIN = EvidenceKey(
    name="training_gain",
    unit="1",
    meaning="how much better than the baseline the training score is, relative to the baseline",
    measure=_latest_gain("train"),
)
VALIDATION_GAIN = EvidenceKey(
    name="validation_gain",
    unit="1",
    meaning="how much better than the baseline the validation score is, relative to the baseline",
    measure=_latest_gain("validation"),
)
BEST_VALIDATION_GAIN = EvidenceKey(
    name="best_validation_gain",
    unit="1",
    meaning="the same at the best evaluation",
    measure=_best_gain,
)
REFERENCE_GAIN = EvidenceKey(
    name="reference_gain",
    unit="1",
    meaning="how much better than the baseline the best reference model is on validation, relative",
    measure=reference_gain,
)
LOSS_SHARE_OF_FEW = EvidenceKey(
    name="loss_share_of_few",
    unit="1",
    meaning="share of the loss that lies in its largest 5 % of terms, at the latest probe",
    measure=lambda case: latest(case, "loss_share_of_few"),
)
PREDICTED_CLASS_SHARE = EvidenceKey(
    name="predicted_class_share",
    unit="1",
    meaning="share of the class that is answered most often; 1: always the same answer",
    measure=lambda case: latest(case, "predicted_class_share"),
)
TARGET_CLASS_SHARE = EvidenceKey(
    name="target_class_share",
    unit="1",
    meaning="share of the most frequent class among the targets",
    measure=lambda case: latest(case, "target_class_share"),
)
LEAST_RECALL = EvidenceKey(
    name="least_recall",
    unit="1",
    meaning="least recall of a class that occurs, at the latest probe",
    measure=lambda case: latest(case, "least_recall", choice=min),
)
PREDICTION_SPREAD = EvidenceKey(
    name="prediction_spread",
    unit="1",
    meaning="standard deviation of the outputs / of the targets; 0: one constant answer",
    measure=lambda case: latest(case, "prediction_spread"),
)
OUTSIDE_SHARE = EvidenceKey(
    name="outside_share",
    unit="1",
    meaning="share of validation values outside of their range in training, of the worst column",
    measure=_outside_share,
)
ENOUGH_CONTEXT = EvidenceKey(
    name="enough_timesteps",
    unit="timesteps",
    meaning="the least context beyond which a linear model gains nothing on data not seen",
    measure=_enough_context,
)
CONTEXT_GAIN = EvidenceKey(
    name="context_gain_nats",
    unit="nats",
    meaning="gain of a linear model by more context than the network is shown",
    measure=_context_gain,
)
SEQUENCE_LENGTH = EvidenceKey(
    name="sequence_length_timesteps",
    unit="timesteps",
    meaning="length of the sequences that the network reads",
    measure=lambda case: case.task.length if case.task else None,
)
NUM_STEPS = EvidenceKey(
    name="num_steps",
    unit="steps",
    meaning="optimizer steps that the job spec asks for",
    measure=lambda case: case.num_steps,
)
HIDDEN_SIZE = EvidenceKey(
    name="hidden_size",
    unit="units",
    meaning="hidden units of a layer and direction",
    measure=lambda case: case.spec.model.hidden_size,
)
DROPOUT = EvidenceKey(
    name="dropout",
    unit="1",
    meaning="probability of zeroing an element between layers",
    measure=lambda case: case.spec.model.dropout,
)
BAD_ROWS = EvidenceKey(
    name="batch_rows",
    unit="indices",
    meaning="sequences of the batch that have such a value",
    measure=_bad_rows,
)
