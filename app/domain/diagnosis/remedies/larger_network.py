"""Use more hidden units."""

from app.domain.diagnosis.prose import counted
from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.job import JobSpec

FACTOR = 2
#: A smaller network is made at least as large.
USUAL_UNITS = 32
MAX_UNITS = 1024


def draw(_ailment: Ailment, spec: JobSpec) -> Draft | None:
    present = spec.model.hidden_size
    more = min(MAX_UNITS, max(USUAL_UNITS, FACTOR * present))
    if more <= present:
        return None
    return Draft(
        patch={"model": {"hidden_size": more}},
        reason=f"{counted(present, 'unit')} cannot hold what the task needs; try {more}.",
    )


CARD = RemedyCard(
    kind="larger_network",
    summary="Use more hidden units.",
    source="Geman et al. 1992, bias and variance",
    changes=("model.hidden_size",),
    cannot_act=f"The network has {counted(MAX_UNITS, 'unit')} or more.",
    causes=frozenset({"capacity_too_small"}),
    draw=draw,
)
