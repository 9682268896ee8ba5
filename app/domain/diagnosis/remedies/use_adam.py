"""Replace the optimizer by Adam, whose steps do not depend on the gradient's norm."""

from app.domain.diagnosis.prose import short
from app.domain.diagnosis.rates import USUAL_GATED_RATE, USUAL_SIMPLE_RATE
from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.job import JobSpec
from app.domain.specs.optimizer.sgd import SgdSpec


def draw(_ailment: Ailment, spec: JobSpec) -> Draft | None:
    if not isinstance(spec.optimizer, SgdSpec):
        return None
    rate = USUAL_GATED_RATE if spec.model.card.gates else USUAL_SIMPLE_RATE
    return Draft(
        patch={
            "optimizer": {
                "kind": "adam",
                "learning_rate": rate,
                "weight_decay": spec.optimizer.weight_decay,
            }
        },
        reason=(
            "Adam scales each weight's step by its own gradients, so that neither clipping nor "
            f"their norm changes its length; {short(rate)} suits most networks."
        ),
    )


CARD = RemedyCard(
    kind="use_adam",
    summary="Replace gradient descent by Adam.",
    source="Kingma & Ba 2015",
    changes=("optimizer",),
    cannot_act="The optimizer scales its steps already.",
    causes=frozenset({"learning_rate_too_high", "learning_rate_too_low", "clip_threshold_too_low"}),
    draw=draw,
)
