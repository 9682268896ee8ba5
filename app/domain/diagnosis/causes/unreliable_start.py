"""Only some random starts of the same job solve the task."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import OUTCOMES, CauseCard, Family
from app.domain.diagnosis.measures.scores import TRAINING_GAIN, VALIDATION_GAIN
from app.domain.diagnosis.possibility import has_updated
from app.domain.diagnosis.remedy import Draft
from app.domain.specs.base import MAX_INT


def experiment(case: Case) -> Draft | None:
    seed = case.spec.training.seed + 1
    if seed > MAX_INT:
        return None
    return Draft(
        patch={"training": {"seed": seed}},
        reason="If another seed solves the task, the start is unreliable.",
    )


CARD = CauseCard(
    code="unreliable_start",
    family=Family.BUDGET_AND_SIZE,
    summary="Only some random starts of the same job solve the task.",
    distinction=("Other seeds of the same job solve the task; nothing else in the run tells."),
    explains=OUTCOMES,
    is_possible=has_updated,
    evidence=(
        TRAINING_GAIN,
        VALIDATION_GAIN,
    ),
    experiment=experiment,
)
