"""The inputs do not determine the target."""

from app.domain.diagnosis.cause import OUTCOMES, CauseCard, Family
from app.domain.diagnosis.measures.scores import (
    PREDICTION_SPREAD,
    REFERENCE_GAIN,
    TRAINING_GAIN,
    VALIDATION_GAIN,
)
from app.domain.diagnosis.possibility import may_lack_signal

CARD = CauseCard(
    code="no_signal",
    family=Family.DATA,
    summary="The inputs do not determine the target.",
    distinction=(
        "Neither the network nor any reference model is better than the baseline on data not "
        "seen; a window that is too short or a learning rate that is too low look the same to "
        "the network alone."
    ),
    explains=OUTCOMES | {"overfitting"},
    is_possible=may_lack_signal,
    evidence=(
        TRAINING_GAIN,
        VALIDATION_GAIN,
        REFERENCE_GAIN,
        PREDICTION_SPREAD,
    ),
    no_remedy=(
        "No change of the job makes a target predictable from inputs that do not determine it: "
        "other columns or other data are needed."
    ),
)
