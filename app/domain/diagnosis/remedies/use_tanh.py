"""Replace rectified units, which can die or grow, by tanh units."""

from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.job import JobSpec
from app.domain.specs.model.elman import ElmanSpec


def draw(_ailment: Ailment, spec: JobSpec) -> Draft | None:
    if not isinstance(spec.model, ElmanSpec) or spec.model.activation != "relu":
        return None
    return Draft(
        patch={
            "model": {"activation": "tanh"},
            "init": {"recurrent": {"kind": "orthogonal", "gain": 1.0}},
        },
        reason=(
            "A rectified unit below 0 passes no gradient on, and above 0 nothing limits it. A tanh "
            "unit is bounded and always passes some."
        ),
    )


CARD = RemedyCard(
    kind="use_tanh",
    summary="Replace rectified units by tanh units.",
    source="Maas et al. 2013 on dying units; Pascanu et al. 2013 on bounded ones",
    changes=("model.activation", "init.recurrent"),
    cannot_act="The units are not rectified.",
    causes=frozenset({"dead_start", "state_growth"}),
    draw=draw,
)
