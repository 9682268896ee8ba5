"""`max_length` cuts off the part of a sequence that determines its label."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import OUTCOMES, CauseCard, Family
from app.domain.diagnosis.measures.scores import (
    CONTEXT_GAIN,
    ENOUGH_CONTEXT,
    SEQUENCE_LENGTH,
    VALIDATION_GAIN,
)
from app.domain.diagnosis.remedy import Draft
from app.domain.specs.dataset.sequences import SequencesSpec


def is_possible(case: Case) -> bool:
    dataset = case.spec.dataset
    return isinstance(dataset, SequencesSpec) and dataset.max_length is not None


def experiment(_case: Case) -> Draft:
    return Draft(
        patch={"dataset": {"max_length": None}},
        reason="If whole sequences are learned, `max_length` is too short.",
    )


CARD = CauseCard(
    code="max_length_too_short",
    family=Family.DATA,
    summary="`max_length` cuts off the part of a sequence that determines its label.",
    distinction=(
        "More context than `max_length` allows improves a reference model on data not seen; "
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
