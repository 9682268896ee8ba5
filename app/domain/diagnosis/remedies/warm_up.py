"""Let the learning rate rise over the first steps."""

from app.domain.diagnosis.prose import counted, short, two_digits
from app.domain.diagnosis.rates import MAX_OVER_USUAL, usual_rate
from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.job import JobSpec

#: Share of the steps over which it rises, and by how much it is lowered at least.
SHARE, FACTOR = 0.1, 0.3
#: A run of fewer steps has no time for it.
MIN_STEPS = 100


def draw(_ailment: Ailment, spec: JobSpec) -> Draft | None:
    optimizer, num_steps = spec.optimizer, spec.training.num_steps
    if optimizer.schedule.warmup_steps or num_steps < MIN_STEPS:
        return None
    rising = round(SHARE * num_steps)
    rate = two_digits(min(FACTOR * optimizer.learning_rate, MAX_OVER_USUAL * usual_rate(spec)))
    return Draft(
        patch={
            "optimizer": {"learning_rate": rate, "schedule": {"warmup_steps": rising}},
        },
        reason=(
            f"The first updates are the least reliable. Over {counted(rising, 'step')} the "
            f"learning rate rises to {short(rate)}."
        ),
    )


CARD = RemedyCard(
    kind="warm_up",
    summary="Let a lower learning rate rise over the first steps.",
    source="Goyal et al. 2017; Ma & Yarats 2021",
    changes=("optimizer.learning_rate", "optimizer.schedule"),
    cannot_act=(
        f"The learning rate already rises, or the run has fewer than {counted(MIN_STEPS, 'step')}."
    ),
    causes=frozenset({"learning_rate_too_high"}),
    draw=draw,
)
