"""The window ends before the past that determines the target."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import OUTCOMES, CauseCard, Family
from app.domain.diagnosis.measures.scores import (
    CONTEXT_GAIN,
    ENOUGH_CONTEXT,
    SEQUENCE_LENGTH,
    VALIDATION_GAIN,
)
from app.domain.diagnosis.remedy import Draft
from app.domain.specs.dataset.base import MAX_LENGTH
from app.domain.specs.dataset.forecast import ForecastSpec


def is_possible(case: Case) -> bool:
    return isinstance(case.spec.dataset, ForecastSpec)


def experiment(case: Case) -> Draft | None:
    dataset = case.spec.dataset
    if not isinstance(dataset, ForecastSpec) or 2 * dataset.window > MAX_LENGTH:
        return None
    return Draft(
        patch={"dataset": {"window": 2 * dataset.window}},
        reason=f"If a window of {2 * dataset.window} forecasts better, the window is too short.",
    )


CARD = CauseCard(
    code="window_too_short",
    family=Family.DATA,
    summary="The window ends before the past that determines the target.",
    distinction=(
        "More context than the window holds improves a reference model on data not seen; "
        "without a signal no context does."
    ),
    explains=OUTCOMES | {"window_too_short"},
    is_possible=is_possible,
    evidence=(
        SEQUENCE_LENGTH,
        ENOUGH_CONTEXT,
        CONTEXT_GAIN,
        VALIDATION_GAIN,
    ),
    experiment=experiment,
)
