"""Let the gradient flow back through the whole sequence."""

from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.job import JobSpec


def draw(_ailment: Ailment, spec: JobSpec) -> Draft | None:
    present = spec.training.bptt_length
    if present is None:
        return None
    return Draft(
        patch={"training": {"bptt_length": None}},
        reason=(
            f"A gradient that is cut after {present} timesteps cannot reach further. Let it flow "
            "through the whole sequence."
        ),
    )


CARD = RemedyCard(
    kind="lengthen_bptt",
    summary="Let the gradient flow back through the whole sequence.",
    source="Williams & Peng 1990; contributions beyond the truncation are exactly 0",
    changes=("training.bptt_length",),
    cannot_act="The gradient is not truncated.",
    causes=frozenset({"truncated_backpropagation"}),
    draw=draw,
)
