"""Drop fewer activations between layers."""

from app.domain.diagnosis.prose import short
from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.job import JobSpec

FACTOR, MAX_DROPOUT = 0.25, 0.1
#: A smaller share than this is left out.
NEGLIGIBLE = 0.02


def draw(_ailment: Ailment, spec: JobSpec) -> Draft | None:
    present = spec.model.dropout
    if present == 0 or spec.model.num_layers == 1:
        return None
    less = round(min(MAX_DROPOUT, FACTOR * present), 3)
    less = less if less >= NEGLIGIBLE else 0.0
    return Draft(
        patch={"model": {"dropout": less}},
        reason=(
            f"With {short(present)} of the activations set to 0 the upper layers do not see "
            f"enough of the lower ones; try {short(less)}."
        ),
    )


CARD = RemedyCard(
    kind="less_dropout",
    summary="Drop fewer activations between layers.",
    source="Zaremba et al. 2014",
    changes=("model.dropout",),
    cannot_act="There is no dropout, or one layer, which has none.",
    causes=frozenset({"dropout_too_high"}),
    draw=draw,
    is_specific=True,
)
