"""Evidence on updates, clipping and penalties."""

import numpy as np

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import EvidenceKey
from app.domain.diagnosis.explosions import weight_norm
from app.domain.diagnosis.measures.readings import latest, typical, typical_of_steps

#: Clip coefficients up to this are of clipped steps; 1 is subject to rounding.
MAX_CLIPPED = 0.999


def _clipped_fraction(case: Case) -> float | None:
    coefficients_n = case.recorded("clip_coefficient")
    finite_n = coefficients_n[np.isfinite(coefficients_n)]
    return float((finite_n < np.float64(MAX_CLIPPED)).mean()) if finite_n.size else None


def _weight_growth(case: Case) -> float | None:
    if "weight_norm" not in case.telemetry.tensors:
        return None
    norms_n = weight_norm(case)
    known_n = np.isfinite(norms_n) & (norms_n > 0)
    if not known_n.any():
        return None
    first, last = known_n.argmax(), known_n.size - 1 - known_n[::-1].argmax()
    return float(norms_n[last] / norms_n[first])


LEARNING_RATE = EvidenceKey(
    name="learning_rate",
    unit="1",
    meaning="the learning rate of the job spec",
    measure=lambda case: case.spec.optimizer.learning_rate,
)
UPDATE_RATIO = EvidenceKey(
    name="update_ratio",
    unit="1",
    meaning="median of ||update|| / ||weights|| over the steps",
    measure=lambda case: typical_of_steps(case, "update_ratio"),
)
BEST_STEP_FACTOR = EvidenceKey(
    name="best_step_factor",
    unit="1",
    meaning="median factor of the update with the least loss on a batch not seen; usual: 0.3 to 3",
    measure=lambda case: typical(case, "best_step_factor"),
)
STEP_GAIN = EvidenceKey(
    name="step_gain",
    unit="1",
    meaning="median relative fall of the loss by one update, on a batch not seen; below 0 it rises",
    measure=lambda case: typical(case, "step_gain"),
)
WEIGHT_GROWTH = EvidenceKey(
    name="weight_growth",
    unit="1",
    meaning="norm of the weights at the last step / at the first one",
    measure=_weight_growth,
)
CLIPPED_FRACTION = EvidenceKey(
    name="clipped_fraction",
    unit="1",
    meaning="share of the steps whose gradient was clipped",
    measure=_clipped_fraction,
)
CLIP_COEFFICIENT = EvidenceKey(
    name="clip_coefficient",
    unit="1",
    meaning="median of the norm after clipping / before it, over the steps",
    measure=lambda case: typical_of_steps(case, "clip_coefficient"),
)
GRAD_NORM = EvidenceKey(
    name="grad_norm",
    unit="loss / weight",
    meaning="median norm of the gradient before clipping, over the steps",
    measure=lambda case: typical_of_steps(case, "grad_norm"),
)
SECOND_MOMENT_OVER_EPS = EvidenceKey(
    name="second_moment_over_eps",
    unit="1",
    meaning="sqrt(v) / eps of the optimizer; below about 10 steps depend on the gradient's size",
    measure=lambda case: latest(case, "second_moment_over_eps", choice=min),
)
PENALTY_SHARE = EvidenceKey(
    name="penalty_share",
    unit="1",
    meaning="norm of the penalties' gradient / norm of the loss's gradient, at the latest probe",
    measure=lambda case: latest(case, "penalty_share"),
)
PENALTY_COSINE = EvidenceKey(
    name="penalty_cosine",
    unit="1",
    meaning="cosine of those two gradients; -1: they balance",
    measure=lambda case: latest(case, "penalty_cosine", choice=min),
)
DECAY_SHARE = EvidenceKey(
    name="decay_share",
    unit="1",
    meaning="change of the weights by decoupled decay / by the rest of the update",
    measure=lambda case: latest(case, "decay_share"),
)
DECAY_COSINE = EvidenceKey(
    name="decay_cosine",
    unit="1",
    meaning="cosine of those two changes; -1: they balance",
    measure=lambda case: latest(case, "decay_cosine", choice=min),
)
