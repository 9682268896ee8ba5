"""Use ReLU units with the identity as recurrent matrix."""

from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.init.identity import Identity
from app.domain.specs.job import JobSpec
from app.domain.specs.model.elman import ElmanSpec


def draw(_ailment: Ailment, spec: JobSpec) -> Draft | None:
    model, recurrent = spec.model, spec.init.recurrent
    if not isinstance(model, ElmanSpec):
        return None
    is_identity = isinstance(recurrent, Identity) and recurrent.gain == 1
    if model.activation == "relu" and is_identity:
        return None
    return Draft(
        patch={
            "model": {"activation": "relu"},
            "init": {"recurrent": {"kind": "identity", "gain": 1.0}},
        },
        reason=(
            "With ReLU and the identity as recurrent matrix, an active unit passes the gradient on "
            "unchanged. Keep clipping on, because nothing else limits the gradient from above."
        ),
    )


CARD = RemedyCard(
    kind="use_identity_relu",
    summary="Use ReLU units with the identity as recurrent matrix.",
    source="Le et al. 2015",
    changes=("model.activation", "init.recurrent"),
    cannot_act="The cell has gates, or the network already has these units and this matrix.",
    causes=frozenset({"contractive_recurrence"}),
    draw=draw,
)
