"""Start every weight that starts in an unusual way as by default."""

from app.domain.diagnosis.prose import listed
from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.diagnosis.starts import usual_start
from app.domain.specs.job import JobSpec


def draw(_ailment: Ailment, spec: JobSpec) -> Draft | None:
    change = usual_start(spec)
    if not change:
        return None
    places = listed(f"init.{place}" for place in change)
    return Draft(
        patch={"init": change},
        reason=(
            f"The default of {places} starts units where their activations are not flat and where "
            "the state neither grows nor decays."
        ),
    )


CARD = RemedyCard(
    kind="usual_start",
    summary="Start every weight that starts in an unusual way as by default.",
    source="Glorot & Bengio 2010; Saxe et al. 2014",
    changes=("init.recurrent", "init.input", "init.bias", "init.forget_bias"),
    cannot_act="Every weight starts in a usual way.",
    causes=frozenset(
        {
            "saturated_start",
            "dead_start",
            "expansive_recurrence",
            "contractive_recurrence",
            "closed_gates",
            "state_growth",
            "unreliable_start",
        }
    ),
    draw=draw,
)
