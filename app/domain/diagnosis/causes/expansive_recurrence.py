"""The recurrent Jacobian enlarges the gradient."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import OUTCOMES, CauseCard, Family
from app.domain.diagnosis.measures.memory import LYAPUNOV, RISE, SIGMA_MAX, SPECTRAL_RADIUS
from app.domain.diagnosis.possibility import is_sequential
from app.domain.diagnosis.remedy import Draft
from app.domain.specs.init.orthogonal import Orthogonal


def experiment(case: Case) -> Draft | None:
    if case.spec.init.recurrent == Orthogonal():
        return None
    return Draft(
        patch={"init": {"recurrent": {"kind": "orthogonal", "gain": 1.0}}},
        reason="If the run learns from an orthogonal recurrent matrix, its start expands too much.",
    )


CARD = CauseCard(
    code="expansive_recurrence",
    family=Family.EXPANSION,
    summary="The recurrent Jacobian enlarges the gradient.",
    distinction=(
        "The gradient grows with the lag and the state is chaotic before the first update; a "
        "network whose gradient grows only after its loss has jumped was broken by its "
        "updates."
    ),
    explains=OUTCOMES
    | {
        "exploding_gradient",
        "clipping_masks_explosion",
        "clipping_always",
        "non_finite",
        "saturated_activations",
        "poor_initialization",
        "diverging_loss",
        "oscillating_loss",
    },
    is_possible=is_sequential,
    evidence=(
        SPECTRAL_RADIUS,
        SIGMA_MAX,
        RISE,
        LYAPUNOV,
    ),
    experiment=experiment,
)
