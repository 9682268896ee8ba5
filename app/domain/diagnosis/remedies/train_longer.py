"""Train for as many steps as the curve forecasts."""

from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.job import JobSpec

#: Without a forecast, and the bounds of what is advised: a run that needs even more steps needs
#: longer ones.
FACTOR, MIN_FACTOR, MAX_FACTOR = 3.0, 2.0, 3.0
MAX_STEPS = 100_000_000


def draw(ailment: Ailment, spec: JobSpec) -> Draft | None:
    present, needed = spec.training.num_steps, ailment.needed_steps
    factor = FACTOR if needed is None else min(MAX_FACTOR, max(MIN_FACTOR, needed / present))
    longer = min(MAX_STEPS, round(factor * present))
    if longer <= present:
        return None
    forecast = (
        "the loss still falls"
        if needed is None
        else f"as the score improves now it would take {needed:,} steps"
    )
    return Draft(
        patch={"training": {"num_steps": longer}},
        reason=f"{present} steps are too few: {forecast}. Train for {longer}.",
    )


CARD = RemedyCard(
    kind="train_longer",
    summary="Train for as many steps as the curve forecasts.",
    source="measured: the log of the gap to the attainable score over the last half of the run",
    changes=("training.num_steps",),
    cannot_act=f"The run already has the largest number of steps, {MAX_STEPS:,}.",
    causes=frozenset({"too_few_steps", "learning_rate_too_low"}),
    draw=draw,
)
