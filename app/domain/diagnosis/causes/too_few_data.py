"""The training data are too few to show the rule."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import OUTCOMES, CauseCard, Family
from app.domain.diagnosis.measures.scores import REFERENCE_GAIN, TRAINING_GAIN, VALIDATION_GAIN
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
    code="too_few_data",
    family=Family.BUDGET_AND_SIZE,
    summary="The training data are too few to show the rule.",
    distinction=(
        "The training data are learned and validation was never better than the baseline, "
        "although a reference model is; without a signal no reference model is."
    ),
    explains=OUTCOMES | {"overfitting"},
    is_possible=is_possible,
    evidence=(
        TRAINING_GAIN,
        VALIDATION_GAIN,
        REFERENCE_GAIN,
    ),
    experiment=experiment,
)
