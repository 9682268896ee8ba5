"""`bptt_length` cuts the gradient before the lag that the task needs."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import OUTCOMES, CauseCard, Family
from app.domain.diagnosis.measures.memory import BPTT_LENGTH, RATIO, REQUIRED_LAG
from app.domain.diagnosis.possibility import is_cut
from app.domain.diagnosis.remedy import Draft


def experiment(_case: Case) -> Draft:
    return Draft(
        patch={"training": {"bptt_length": None}},
        reason="If the run learns with the whole gradient, the truncation is the cause.",
    )


CARD = CauseCard(
    code="truncated_backpropagation",
    family=Family.SHORT_MEMORY,
    summary="`bptt_length` cuts the gradient before the lag that the task needs.",
    distinction=(
        "The gradient is exactly 0 beyond the cut, and without the cut it would reach; where "
        "it would not reach either, the recurrence is the cause."
    ),
    explains=OUTCOMES | {"truncation_too_short", "vanishing_gradient"},
    is_possible=is_cut,
    evidence=(
        BPTT_LENGTH,
        REQUIRED_LAG,
        RATIO,
    ),
    experiment=experiment,
)
