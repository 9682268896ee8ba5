"""Dropout removes what the network needs."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import OUTCOMES, CauseCard, Family
from app.domain.diagnosis.measures.scores import DROPOUT, TRAINING_GAIN
from app.domain.diagnosis.remedy import Draft


def is_possible(case: Case) -> bool:
    """Returns whether elements are zeroed, which happens between layers."""
    return case.spec.model.dropout > 0 and case.spec.model.num_layers > 1


def experiment(_case: Case) -> Draft:
    return Draft(
        patch={"model": {"dropout": 0.0}},
        reason="If the run learns without dropout, dropout is too high.",
    )


CARD = CauseCard(
    code="dropout_too_high",
    family=Family.REGULARISED_AWAY,
    summary="Dropout removes what the network needs.",
    distinction=(
        "The training score with dropout off is far from the attainable one as well; a "
        "network that is too small fails without dropout too."
    ),
    explains=OUTCOMES | {"penalty_dominates"},
    is_possible=is_possible,
    evidence=(
        DROPOUT,
        TRAINING_GAIN,
    ),
    experiment=experiment,
)
