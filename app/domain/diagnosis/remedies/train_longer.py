"""Train for more steps."""

from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.job import JobSpec

FACTOR = 3
MAX_STEPS = 100_000_000


def draw(_ailment: Ailment, spec: JobSpec) -> Draft | None:
    present = spec.training.num_steps
    longer = min(MAX_STEPS, FACTOR * present)
    if longer == present:
        return None
    return Draft(
        patch={"training": {"num_steps": longer}},
        reason=(
            f"{present} steps may be too few: with long lags the loss stays flat for many steps "
            "before it falls."
        ),
    )


CARD = RemedyCard(
    kind="train_longer",
    summary="Train for more steps.",
    source="measured on the adding problem: the reach grows before the loss falls",
    changes=("training.num_steps",),
    cannot_act=f"The run already has the largest number of steps, {MAX_STEPS:,}.",
    causes=frozenset({"too_few_steps"}),
    draw=draw,
)
