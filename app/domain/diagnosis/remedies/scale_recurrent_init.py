"""Start the recurrent matrix with spectral radius 1."""

from app.domain.diagnosis.prose import short
from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.init.spectral_radius import SpectralRadius
from app.domain.specs.job import JobSpec


def draw(_ailment: Ailment, spec: JobSpec) -> Draft | None:
    recurrent = spec.init.recurrent
    if not isinstance(recurrent, SpectralRadius) or recurrent.radius == 1:
        return None
    return Draft(
        patch={"init": {"recurrent": {"radius": 1.0}}},
        reason=(
            f"A recurrent matrix of spectral radius {short(recurrent.radius)} scales the state by "
            "this factor per timestep in the long run; with radius 1 it neither grows nor decays."
        ),
    )


CARD = RemedyCard(
    kind="scale_recurrent_init",
    summary="Start the recurrent matrix with spectral radius 1.",
    source="Pascanu et al. 2013",
    changes=("init.recurrent",),
    cannot_act="The spec asks for no spectral radius, or for 1.",
    causes=frozenset({"expansive_recurrence", "contractive_recurrence"}),
    draw=draw,
)
