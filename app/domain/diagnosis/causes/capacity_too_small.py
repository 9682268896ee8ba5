"""The network has too few units for the task."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import OUTCOMES, CauseCard, Family
from app.domain.diagnosis.measures.scores import HIDDEN_SIZE, TRAINING_GAIN
from app.domain.diagnosis.possibility import is_finite
from app.domain.diagnosis.remedy import Draft

#: The largest number of units that a job spec may ask for.
MAX_SIZE = 8192


def experiment(case: Case) -> Draft | None:
    size = 2 * case.spec.model.hidden_size
    if size > MAX_SIZE:
        return None
    return Draft(
        patch={"model": {"hidden_size": size}},
        reason=f"If {size} units learn the task, the network is too small.",
    )


CARD = CauseCard(
    code="capacity_too_small",
    family=Family.BUDGET_AND_SIZE,
    summary="The network has too few units for the task.",
    distinction=(
        "Training stays above the attainable score although updates, reach and units are "
        "sound; only a larger network settles it, and a loss that still falls speaks for more "
        "steps."
    ),
    explains=OUTCOMES,
    is_possible=is_finite,
    evidence=(
        HIDDEN_SIZE,
        TRAINING_GAIN,
    ),
    experiment=experiment,
)
