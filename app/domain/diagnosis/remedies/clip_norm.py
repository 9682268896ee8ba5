"""Limit the gradient to its usual norm."""

from pydantic import JsonValue

from app.domain.diagnosis.prose import short, two_digits
from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.clipping.norm import NormClipping
from app.domain.specs.job import JobSpec

#: The range of norms that are advised.
MIN_MAX_NORM, MAX_MAX_NORM = 1e-3, 1.0


def draw(ailment: Ailment, spec: JobSpec) -> Draft | None:
    """Advises the usual norm, but at most 1, because an exploded norm is not usual.

    Pascanu et al. advise 0.5 to 10 times the usual norm.
    """
    if not ailment.is_gradient_finite:
        return None
    usual = ailment.grad_norm or MAX_MAX_NORM
    max_norm = two_digits(min(MAX_MAX_NORM, max(MIN_MAX_NORM, usual)))
    present = spec.clipping
    patch: dict[str, JsonValue] = {"kind": "norm", "max_norm": max_norm}
    if isinstance(present, NormClipping):
        if present.max_norm <= max_norm:
            return None
        patch["min_norm"] = None
    return Draft(
        patch={"clipping": patch},
        reason=(
            f"The norm before clipping is usually {short(usual)}. With a limit of "
            f"{short(max_norm)} one bad batch cannot ruin the weights. Clipping limits a gradient "
            "only from above and does not prevent it from vanishing."
        ),
    )


CARD = RemedyCard(
    kind="clip_norm",
    summary="Limit the gradient to its usual norm.",
    source="Pascanu et al. 2013, algorithm 1",
    changes=("clipping",),
    cannot_act=(
        "The norm is already clipped as tightly, the gradient itself overflows, or the first "
        "forward pass failed."
    ),
    causes=frozenset({"expansive_recurrence", "state_growth", "learning_rate_too_high"}),
    draw=draw,
)
