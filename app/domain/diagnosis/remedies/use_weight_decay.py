"""Pull the weights towards zero, so that less is learned by heart."""

from app.domain.diagnosis.prose import short
from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.job import JobSpec
from app.domain.specs.optimizer.adam import AdamSpec

#: Per unit of the learning rate, as AdamW counts it. Adam changes a weight by the learning rate at
#: most, so that no weight can grow beyond the reciprocal.
WEIGHT_DECAY = 2.0


def draw(_ailment: Ailment, spec: JobSpec) -> Draft | None:
    optimizer = spec.optimizer
    if not isinstance(optimizer, AdamSpec) or optimizer.weight_decay > 0:
        return None
    return Draft(
        patch={
            "optimizer": {
                **optimizer.model_dump(mode="json"),
                "kind": "adamw",
                "weight_decay": WEIGHT_DECAY,
            }
        },
        reason=(
            "Small weights cannot fit single examples. A decoupled decay of "
            f"{short(WEIGHT_DECAY)} keeps them below {short(1 / WEIGHT_DECAY)}."
        ),
    )


CARD = RemedyCard(
    kind="use_weight_decay",
    summary="Pull the weights towards zero, so that less is learned by heart.",
    source="Loshchilov & Hutter 2019; amount measured on the benchmark",
    changes=("optimizer",),
    cannot_act="The optimizer is not Adam, or has a weight decay already.",
    causes=frozenset({"overfitting", "too_few_data"}),
    draw=draw,
)
