"""The later data lies outside of the range of the training data."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import OUTCOMES, CauseCard, Family
from app.domain.diagnosis.measures.scores import OUTSIDE_SHARE, TRAINING_GAIN, VALIDATION_GAIN
from app.domain.diagnosis.possibility import may_have_shifted
from app.domain.diagnosis.remedy import Draft
from app.domain.specs.dataset.forecast import ForecastSpec


def experiment(case: Case) -> Draft | None:
    dataset = case.spec.dataset
    if not isinstance(dataset, ForecastSpec) or dataset.scaling == "per_window":
        return None
    return Draft(
        patch={"dataset": {"scaling": "per_window"}},
        reason="If windows that are scaled one by one are forecast better, the level moves.",
    )


CARD = CauseCard(
    code="distribution_shift",
    family=Family.DATA,
    summary="The later data lies outside of the range of the training data.",
    distinction=(
        "The error grows with the distance from the training range, and rows within the range "
        "are predicted well; an overfitted network errs within the range too."
    ),
    explains=OUTCOMES | {"distribution_shift", "overfitting"},
    is_possible=may_have_shifted,
    evidence=(
        OUTSIDE_SHARE,
        TRAINING_GAIN,
        VALIDATION_GAIN,
    ),
    experiment=experiment,
)
