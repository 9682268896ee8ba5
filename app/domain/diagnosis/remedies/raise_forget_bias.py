"""Start an LSTM's forget gates open for as long as the task needs."""

from app.domain.diagnosis.gated_cells import forget_bias_for, kept_in_words
from app.domain.diagnosis.prose import short
from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.job import JobSpec

#: A smaller increase than this does not justify a run.
MIN_RISE = 0.5


def draw(ailment: Ailment, spec: JobSpec) -> Draft | None:
    present = spec.forget_bias
    bias = forget_bias_for(ailment)
    if present is None or bias < present + MIN_RISE:
        return None
    return Draft(
        patch={"init": {"forget_bias": bias}},
        reason=(
            f"A forget bias of {short(bias)} instead of {short(present)} keeps "
            f"{kept_in_words(ailment)}."
        ),
    )


CARD = RemedyCard(
    kind="raise_forget_bias",
    summary="Start an LSTM's forget gates open for as long as the task needs.",
    source="Jozefowicz et al. 2015; Tallec & Ollivier 2018",
    changes=("init.forget_bias",),
    cannot_act=(
        f"The cell is not an LSTM, or the bias for the lag is less than {short(MIN_RISE)} "
        "above the present one."
    ),
    causes=frozenset({"closed_gates", "contractive_recurrence", "unreliable_start"}),
    draw=draw,
)
