"""Clipping shortens nearly every update."""

import numpy as np

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import OUTCOMES, CauseCard, Family
from app.domain.diagnosis.measures.steps import (
    CLIP_COEFFICIENT,
    CLIPPED_FRACTION,
    GRAD_NORM,
    SECOND_MOMENT_OVER_EPS,
)
from app.domain.diagnosis.possibility import is_finite
from app.domain.diagnosis.remedy import Draft


def is_possible(case: Case) -> bool:
    """Returns whether a step was clipped."""
    coefficients_n = np.asarray(case.telemetry.scalars.get("clip_coefficient", ()))
    return bool((coefficients_n < 1).any()) and is_finite(case)


def experiment(_case: Case) -> Draft:
    return Draft(
        patch={"clipping": {"kind": "none"}},
        reason="If the run learns without clipping, the threshold of clipping is too low.",
    )


CARD = CauseCard(
    code="clip_threshold_too_low",
    family=Family.STEP_SIZE,
    summary="Clipping shortens nearly every update.",
    distinction=(
        "The gradients that are clipped are of usual size; with an explosion their norms are "
        "huge or vary by orders of magnitude, and an optimizer such as Adam undoes a constant "
        "factor."
    ),
    explains=OUTCOMES | {"clipping_always", "learning_rate_too_low"},
    is_possible=is_possible,
    evidence=(
        CLIPPED_FRACTION,
        CLIP_COEFFICIENT,
        GRAD_NORM,
        SECOND_MOMENT_OVER_EPS,
    ),
    experiment=experiment,
)
