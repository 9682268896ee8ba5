"""A penalty or weight decay outweighs the data."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import OUTCOMES, CauseCard, Family
from app.domain.diagnosis.measures.steps import (
    DECAY_COSINE,
    DECAY_SHARE,
    PENALTY_COSINE,
    PENALTY_SHARE,
    WEIGHT_GROWTH,
)
from app.domain.diagnosis.remedy import Draft


def is_possible(case: Case) -> bool:
    spec = case.spec
    weights = (spec.regularization.l1, spec.regularization.l2, spec.optimizer.weight_decay)
    return any(weight > 0 for weight in weights)


def experiment(_case: Case) -> Draft:
    return Draft(
        patch={"regularization": {"l1": 0.0, "l2": 0.0}, "optimizer": {"weight_decay": 0.0}},
        reason="If the run learns without penalty and decay, they dominate.",
    )


CARD = CauseCard(
    code="penalty_dominates",
    family=Family.REGULARISED_AWAY,
    summary="A penalty or weight decay outweighs the data.",
    distinction=(
        "Its share of the step is at least that of the data, against it, and the training "
        "score is far from the attainable one; at every regularised optimum the two balance, "
        "which alone shows nothing."
    ),
    explains=OUTCOMES | {"penalty_dominates", "vanishing_gradient"},
    is_possible=is_possible,
    evidence=(
        PENALTY_SHARE,
        PENALTY_COSINE,
        DECAY_SHARE,
        DECAY_COSINE,
        WEIGHT_GROWTH,
    ),
    experiment=experiment,
)
