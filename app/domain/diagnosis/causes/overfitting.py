"""The network learns its training data by heart."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import OUTCOMES, CauseCard, Family
from app.domain.diagnosis.measures.scores import (
    BEST_VALIDATION_GAIN,
    TRAINING_GAIN,
    VALIDATION_GAIN,
)
from app.domain.diagnosis.possibility import has_finite_data, has_updated
from app.domain.diagnosis.remedy import Draft


def is_possible(case: Case) -> bool:
    return has_finite_data(case) and has_updated(case)


def experiment(case: Case) -> Draft | None:
    size = case.spec.model.hidden_size // 2
    if size < 1:
        return None
    return Draft(
        patch={"model": {"hidden_size": size}},
        reason=f"If {size} units do better on data not seen, the network learns its data by heart.",
    )


CARD = CauseCard(
    code="overfitting",
    family=Family.BUDGET_AND_SIZE,
    summary="The network learns its training data by heart.",
    distinction=(
        "The validation score was better than the baseline and fell while the training score "
        "rose; if it was never better, the data are too few or hold no signal."
    ),
    explains=OUTCOMES | {"overfitting"},
    is_possible=is_possible,
    evidence=(
        TRAINING_GAIN,
        VALIDATION_GAIN,
        BEST_VALIDATION_GAIN,
    ),
    experiment=experiment,
)
