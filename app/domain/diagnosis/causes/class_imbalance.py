"""Rare classes count too little in the loss."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import OUTCOMES, CauseCard, Family
from app.domain.diagnosis.measures.readings import first
from app.domain.diagnosis.measures.scores import (
    LEAST_RECALL,
    PREDICTED_CLASS_SHARE,
    TARGET_CLASS_SHARE,
)
from app.domain.diagnosis.remedy import Draft
from app.domain.specs.dataset.sequences import SequencesSpec

#: Share of the most frequent class, as a multiple of its share if all classes were equally
#: frequent, up to which classes are balanced.
MAX_BALANCED = 1.2


def is_possible(case: Case) -> bool:
    """Returns whether classes are learned whose shares differ and count by their frequency."""
    dataset = case.spec.dataset
    if not isinstance(dataset, SequencesSpec) or dataset.task != "classification":
        return False
    share = first(case, "target_class_share")
    if share is None or case.task is None:
        return not dataset.is_balanced
    return not dataset.is_balanced and share * case.task.output_size > MAX_BALANCED


def experiment(_case: Case) -> Draft:
    return Draft(
        patch={"dataset": {"class_weights": "balanced"}},
        reason="If balanced weights make the network name rare classes, imbalance is the cause.",
    )


CARD = CauseCard(
    code="class_imbalance",
    family=Family.DATA,
    summary="Rare classes count too little in the loss.",
    distinction=(
        "The network answers with the most frequent class and never with a rare one; without "
        "a signal the frequent classes are confused as well."
    ),
    explains=OUTCOMES | {"class_collapse"},
    is_possible=is_possible,
    evidence=(
        PREDICTED_CLASS_SHARE,
        TARGET_CLASS_SHARE,
        LEAST_RECALL,
    ),
    experiment=experiment,
)
