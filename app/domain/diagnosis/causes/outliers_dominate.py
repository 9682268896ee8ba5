"""A few values determine most of the loss."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import OUTCOMES, CauseCard, Family
from app.domain.diagnosis.measures.scores import LOSS_SHARE_OF_FEW, TRAINING_GAIN, VALIDATION_GAIN
from app.domain.diagnosis.possibility import has_measured_values
from app.domain.diagnosis.remedy import Draft
from app.domain.specs.dataset.forecast import ForecastSpec


def experiment(case: Case) -> Draft | None:
    dataset = case.spec.dataset
    is_squared = isinstance(dataset, ForecastSpec) and dataset.loss.kind == "mse"
    if not is_squared:
        return None
    return Draft(
        patch={"dataset": {"loss": {"kind": "huber"}}},
        reason="If usual values are learned with a loss that limits outliers, these dominate.",
    )


CARD = CauseCard(
    code="outliers_dominate",
    family=Family.DATA,
    summary="A few values determine most of the loss.",
    distinction=(
        "The loss jumps only in the batches that hold such a value, and most of it lies in a "
        "few terms; with a learning rate that is too high it jumps anywhere."
    ),
    explains=OUTCOMES | {"outliers_dominate", "oscillating_loss"},
    is_possible=has_measured_values,
    evidence=(
        LOSS_SHARE_OF_FEW,
        TRAINING_GAIN,
        VALIDATION_GAIN,
    ),
    experiment=experiment,
)
