"""Replace a simple recurrent cell by a gated one, a GRU."""

from pydantic import JsonValue

from app.domain.diagnosis.gated_cells import start_of_gates, with_cell
from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.job import JobSpec


def draw(_ailment: Ailment, spec: JobSpec) -> Draft | None:
    if spec.model.card.gates:
        return None
    patch: dict[str, JsonValue] = {"model": with_cell("gru", spec.model)}
    init = start_of_gates(spec)
    if init:
        patch["init"] = init
    return Draft(
        patch=patch,
        reason=(
            "A GRU passes the state on by a gate instead of multiplying it by a matrix at each "
            "timestep, so that the gradient can neither vanish nor grow where the gate is open."
        ),
    )


CARD = RemedyCard(
    kind="use_gated_cell",
    summary="Replace a simple recurrent cell by a gated one.",
    source="Cho et al. 2014; Hochreiter & Schmidhuber 1997",
    changes=("model", "init"),
    cannot_act="The cell already has gates.",
    causes=frozenset(
        {
            "contractive_recurrence",
            "expansive_recurrence",
            "saturated_start",
            "dead_start",
            "state_growth",
            "unreliable_start",
        }
    ),
    draw=draw,
)
