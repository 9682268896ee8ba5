"""Keep the learning rate where the schedule makes it small for most of the run."""

from app.domain.diagnosis.prose import short
from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.job import JobSpec

#: Largest mean share of the learning rate that a schedule leaves for which it is at fault.
MAX_MEAN_SHARE = 0.4
#: Steps at which the schedule is read, evenly spaced.
NUM_STEPS_READ = 200


def draw(_ailment: Ailment, spec: JobSpec) -> Draft | None:
    mean = _mean_share(spec)
    if mean > MAX_MEAN_SHARE:
        return None
    return Draft(
        patch={"optimizer": {"schedule": {"kind": "constant", "warmup_steps": 0}}},
        reason=(
            f"The schedule makes the mean learning rate {short(mean)} of the one asked for. With a "
            "constant one every step is a full one."
        ),
    )


def _mean_share(spec: JobSpec) -> float:
    num_steps, optimizer = spec.training.num_steps, spec.optimizer
    stride = max(1, num_steps // NUM_STEPS_READ)
    steps = range(0, num_steps, stride)
    total = sum(optimizer.rate_at(step, num_steps=num_steps) / len(steps) for step in steps)
    return total / optimizer.learning_rate


CARD = RemedyCard(
    kind="keep_learning_rate",
    summary="Keep the learning rate constant where the schedule makes it small.",
    source="measured on the benchmark: undoing an early decay cures it",
    changes=("optimizer.schedule",),
    cannot_act=(
        f"The schedule leaves more than {short(MAX_MEAN_SHARE)} of the learning rate in the "
        "mean over the steps."
    ),
    causes=frozenset({"learning_rate_too_low", "too_few_steps"}),
    draw=draw,
    is_specific=True,
)
