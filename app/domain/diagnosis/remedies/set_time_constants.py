"""Start the gates with time constants up to the lag that the task needs."""

from app.domain.diagnosis.prose import counted
from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.init.chrono import Chrono
from app.domain.specs.job import JobSpec

#: A present chrono start within this factor of the lag is right already.
FACTOR = 2


def draw(ailment: Ailment, spec: JobSpec) -> Draft | None:
    lag = ailment.required_lag or (ailment.length - 1 if ailment.length else None)
    if lag is None or lag < 1 or not spec.model.card.keeps_state:
        return None
    present = spec.init.bias
    if isinstance(present, Chrono) and (
        present.max_lag is None or lag <= FACTOR * present.max_lag <= FACTOR**2 * lag
    ):
        return None
    return Draft(
        patch={"init": {"bias": {"kind": "chrono", "max_lag": lag}, "forget_bias": None}},
        reason=(
            f"With time constants from 1 to {counted(lag, 'timestep')} some units keep their "
            "state for as long as the task needs and others react at once."
        ),
    )


CARD = RemedyCard(
    kind="set_time_constants",
    summary="Start the gates with time constants up to the lag that the task needs.",
    source="Tallec & Ollivier 2018",
    changes=("init.bias", "init.forget_bias"),
    cannot_act="The cell has no gate that keeps its state, starts so already, or no lag is known.",
    causes=frozenset({"closed_gates", "contractive_recurrence", "truncated_backpropagation"}),
    draw=draw,
)
