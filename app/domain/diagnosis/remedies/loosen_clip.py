"""Clip the gradient at its usual norm and no lower."""

from pydantic import JsonValue

from app.domain.diagnosis.prose import short, two_digits
from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.clipping.norm import NormClipping
from app.domain.specs.clipping.value import ValueClipping
from app.domain.specs.job import JobSpec

#: Without a measured norm.
DEFAULT_NORM = 1.0
MIN_NORM, MAX_NORM = 1e-3, 100.0


def draw(ailment: Ailment, spec: JobSpec) -> Draft | None:
    present, usual = spec.clipping, ailment.grad_norm
    wanted = DEFAULT_NORM if usual is None else usual
    max_norm = two_digits(min(MAX_NORM, max(MIN_NORM, wanted)))
    if isinstance(present, NormClipping):
        is_lower, bound = present.max_norm < max_norm, present.max_norm
    elif isinstance(present, ValueClipping):
        is_lower, bound = present.max_value < max_norm, present.max_value
    else:
        return None
    if not is_lower:
        return None
    measured = "" if usual is None else f", and the norm is usually {short(usual)}"
    patch: dict[str, JsonValue] = {"kind": "norm", "max_norm": max_norm}
    return Draft(
        patch={"clipping": patch},
        reason=(
            f"Clipping at {short(bound)} shortens nearly every step{measured}. At "
            f"{short(max_norm)} it limits only what is unusual."
        ),
    )


CARD = RemedyCard(
    kind="loosen_clip",
    summary="Clip the gradient at its usual norm and no lower.",
    source="Pascanu et al. 2013: 0.5 to 10 times the usual norm",
    changes=("clipping",),
    cannot_act="There is no clipping, or its threshold is above the usual norm.",
    causes=frozenset({"clip_threshold_too_low"}),
    draw=draw,
    is_specific=True,
)
