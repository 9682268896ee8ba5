"""Average the gradient over more sequences."""

from app.domain.diagnosis.prose import counted
from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.job import JobSpec

FACTOR = 4
#: Smaller batches than this are made at least as large.
USUAL_SIZE = 32
MAX_SIZE = 256


def draw(_ailment: Ailment, spec: JobSpec) -> Draft | None:
    present = spec.training.batch_size
    if present >= USUAL_SIZE:
        return None
    larger = min(MAX_SIZE, max(USUAL_SIZE, FACTOR * present))
    return Draft(
        patch={"training": {"batch_size": larger}},
        reason=(
            f"The gradient of {counted(present, 'sequence')} is noisy; with {larger} its noise "
            "falls by the root of their ratio, and the same steps are less of a risk."
        ),
    )


CARD = RemedyCard(
    kind="larger_batch",
    summary="Average the gradient over more sequences.",
    source="McCandlish et al. 2018",
    changes=("training.batch_size",),
    cannot_act=f"The batch has {counted(USUAL_SIZE, 'sequence')} or more.",
    causes=frozenset({"learning_rate_too_high"}),
    draw=draw,
)
