"""Let the gradient flow back as far as the task needs."""

from app.domain.diagnosis.prose import counted
from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.job import JobSpec

#: A sequence of more than so many times the needed timesteps is still cut, for the sake of memory.
LONG = 8
#: The cut lies so many times the needed timesteps back.
MARGIN = 2


def draw(ailment: Ailment, spec: JobSpec) -> Draft | None:
    """Advises no cut, or one well beyond the required lag where sequences are far longer."""
    present, lag = spec.training.bptt_length, ailment.required_lag
    if present is None:
        return None
    wanted = None
    if lag is not None and ailment.length is not None and ailment.length > LONG * (lag + 1):
        wanted = MARGIN * (lag + 1)
    if wanted is not None and wanted <= present:
        return None
    through = "the whole sequence" if wanted is None else f"{counted(wanted, 'timestep')}"
    return Draft(
        patch={"training": {"bptt_length": wanted}},
        reason=(
            f"A gradient that is cut after {counted(present, 'timestep')} cannot reach "
            f"further. Let it flow through {through}."
        ),
    )


CARD = RemedyCard(
    kind="lengthen_bptt",
    summary="Let the gradient flow back as far as the task needs.",
    source="Williams & Peng 1990; contributions beyond the truncation are exactly 0",
    changes=("training.bptt_length",),
    cannot_act="The gradient is not truncated, or only well beyond the required lag.",
    causes=frozenset({"truncated_backpropagation"}),
    draw=draw,
    is_specific=True,
)
