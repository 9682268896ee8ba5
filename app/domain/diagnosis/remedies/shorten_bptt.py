"""Cut the gradient after as many timesteps as the task needs."""

from app.domain.diagnosis.prose import counted
from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.job import JobSpec

#: Divides the present number of timesteps if the required lag is unknown.
SHORTER_FACTOR = 4


def draw(ailment: Ailment, spec: JobSpec) -> Draft | None:
    """Advises the number of timesteps that the required lag needs, never less."""
    present = spec.training.bptt_length or ailment.length
    if present is None:
        return None
    lag = ailment.required_lag
    wanted = present // SHORTER_FACTOR if lag is None else lag + 1
    if not 1 <= wanted < min(present, spec.dataset.sequence_length or present):
        return None
    return Draft(
        patch={"training": {"bptt_length": wanted}},
        reason=(
            f"The gradient is multiplied by a Jacobian at each of "
            f"{counted(present, 'timestep')}; {counted(wanted, 'timestep')} limit its growth."
        ),
    )


CARD = RemedyCard(
    kind="shorten_bptt",
    summary="Cut the gradient after as many timesteps as the task needs.",
    source="Williams & Peng 1990",
    changes=("training.bptt_length",),
    cannot_act=(
        "The task needs all the timesteps that the gradient flows through, or their number is not "
        "known."
    ),
    causes=frozenset({"expansive_recurrence"}),
    draw=draw,
)
