"""Start with an orthogonal recurrent matrix."""

from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.init.identity import Identity
from app.domain.specs.init.orthogonal import Orthogonal
from app.domain.specs.job import JobSpec


def draw(_ailment: Ailment, spec: JobSpec) -> Draft | None:
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


CARD = RemedyCard(
    kind="orthogonal_recurrent_init",
    summary="Start with an orthogonal recurrent matrix.",
    source="Saxe et al. 2014; Henaff et al. 2016",
    changes=("init.recurrent",),
    cannot_act="The recurrent matrix starts orthogonal, or as the identity, with gain 1.",
    causes=frozenset({"expansive_recurrence", "contractive_recurrence", "unreliable_start"}),
    draw=draw,
)
