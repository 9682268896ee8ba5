"""Use fewer hidden units, which learn less by heart."""

from app.domain.diagnosis.prose import counted
from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.job import JobSpec

FACTOR = 3
#: Smaller networks are not advised.
MIN_UNITS = 8


def draw(_ailment: Ailment, spec: JobSpec) -> Draft | None:
    present = spec.model.hidden_size
    fewer = max(MIN_UNITS, present // FACTOR)
    if fewer >= present:
        return None
    return Draft(
        patch={"model": {"hidden_size": fewer}},
        reason=(
            f"{counted(present, 'unit')} can learn the training part by heart; {fewer} "
            "must find a rule."
        ),
    )


CARD = RemedyCard(
    kind="smaller_network",
    summary="Use fewer hidden units.",
    source="Geman et al. 1992, bias and variance",
    changes=("model.hidden_size",),
    cannot_act=f"The network has {counted(MIN_UNITS, 'unit')} or fewer.",
    causes=frozenset({"overfitting", "too_few_data"}),
    draw=draw,
)
