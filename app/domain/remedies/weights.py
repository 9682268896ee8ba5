"""Remedies that change how the recurrent weights start."""

from app.domain.remedies.remedy import Ailment, Draft
from app.domain.specs.init.identity import Identity
from app.domain.specs.init.orthogonal import Orthogonal
from app.domain.specs.init.spectral_radius import SpectralRadius
from app.domain.specs.job import JobSpec


def scale_recurrent_init(_ailment: Ailment, spec: JobSpec) -> Draft | None:
    recurrent = spec.init.recurrent
    if not isinstance(recurrent, SpectralRadius) or recurrent.radius == 1:
        return None
    return Draft(
        patch={"init": {"recurrent": {"radius": 1.0}}},
        reason=(
            f"A recurrent matrix of spectral radius {recurrent.radius:g} multiplies the state by "
            "as much at each timestep; with radius 1 its linear part neither grows nor dies out."
        ),
    )


def orthogonal_recurrent_init(_ailment: Ailment, spec: JobSpec) -> Draft | None:
    recurrent = spec.init.recurrent
    if isinstance(recurrent, Orthogonal | Identity) and recurrent.gain == 1:
        return None
    return Draft(
        patch={"init": {"recurrent": {"kind": "orthogonal", "gain": 1.0}}},
        reason=(
            "An orthogonal recurrent matrix has all singular values 1, so at the start it neither "
            "shrinks nor enlarges a gradient that passes through it."
        ),
    )
