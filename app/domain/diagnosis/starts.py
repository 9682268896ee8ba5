"""Functions of the remedies that start the weights anew."""

from pydantic import JsonValue

from app.domain.specs.init import InitSpec
from app.domain.specs.init.base import Init
from app.domain.specs.init.critical import Critical
from app.domain.specs.init.identity import Identity
from app.domain.specs.init.orthogonal import Orthogonal
from app.domain.specs.init.spectral_radius import SpectralRadius
from app.domain.specs.init.torch_default import TorchDefault
from app.domain.specs.job import JobSpec

USUAL = InitSpec()
#: Spectral radii with which a state neither grows nor decays over the lags of most tasks.
MIN_RADIUS, MAX_RADIUS = 0.8, 1.1
#: The change of `init` that starts every part as by default.
ALL_USUAL: dict[str, JsonValue] = dict.fromkeys(("recurrent", "input", "bias", "forget_bias"))


def usual_start(spec: JobSpec) -> dict[str, JsonValue]:
    """Returns the change of `init` for the parts that start in an unusual way: null for each."""
    init = spec.init
    given = {**init.by_place, "forget_bias": init.forget_bias}
    usual = {**USUAL.by_place, "forget_bias": USUAL.forget_bias}
    return {place: None for place, part in given.items() if not _is_usual(part, usual[place])}


def _is_usual(part: Init | float | None, default: Init | float | None) -> bool:
    if part == default or isinstance(part, TorchDefault | Critical):
        return True
    if isinstance(part, Identity | Orthogonal | SpectralRadius):
        radius = part.nominal_radius
        return radius is not None and MIN_RADIUS <= radius <= MAX_RADIUS
    return False
