"""Train for as many steps as the curve forecasts."""

from app.domain.diagnosis.prose import counted, short, two_digits
from app.domain.diagnosis.rates import MAX_OVER_USUAL, usual_rate
from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.job import JobSpec

#: Without a forecast, and the bounds of what is advised: a run that needs even more steps needs
#: longer ones.
FACTOR, MIN_FACTOR, MAX_FACTOR = 3.0, 2.0, 3.0
MAX_STEPS = 100_000_000
#: Where even that is too short, the learning rate is raised up to so many times, or to a usual one.
MAX_RATE_FACTOR = 4.0


def draw(ailment: Ailment, spec: JobSpec) -> Draft | None:
    present, needed = spec.training.num_steps, ailment.needed_steps
    factor = FACTOR if needed is None else min(MAX_FACTOR, max(MIN_FACTOR, needed / present))
    longer = min(MAX_STEPS, round(factor * present))
    if longer <= present:
        return None
    why = "More steps show whether the score improves"
    if needed is not None and needed > present:
        why = f"At the pace of the latest evaluations the task takes about {short(needed)} steps"
    reason = f"{why}. Train for {counted(longer, 'step')} in place of {present:,}."
    higher = _higher_rate(spec, (needed or 0) / longer)
    if higher is None:
        return Draft(patch={"training": {"num_steps": longer}}, reason=reason)
    return Draft(
        patch={"training": {"num_steps": longer}, "optimizer": {"learning_rate": higher}},
        reason=(
            f"{reason} Longer steps, with a learning rate of {short(higher)}, make up for the rest."
        ),
    )


def _higher_rate(spec: JobSpec, factor: float) -> float | None:
    """Returns the rate times the factor within bounds; None if that is no higher."""
    present, usual = spec.optimizer.learning_rate, usual_rate(spec)
    highest = min(max(MAX_RATE_FACTOR * present, usual), MAX_OVER_USUAL * usual)
    higher = two_digits(min(factor * present, highest))
    return higher if higher > present else None


CARD = RemedyCard(
    kind="train_longer",
    summary="Train for as many steps as the curve forecasts, three times as many at most.",
    source="measured: the log of the gap to the attainable score over the last half of the run",
    changes=("training.num_steps", "optimizer.learning_rate"),
    cannot_act=f"The run already has the largest number of steps, {MAX_STEPS:,}.",
    causes=frozenset({"too_few_steps", "learning_rate_too_low"}),
    draw=draw,
)
