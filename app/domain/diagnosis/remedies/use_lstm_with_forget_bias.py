"""Replace the cell by an LSTM whose forget gates start open."""

from app.domain.diagnosis.gated_cells import (
    forget_bias_for,
    kept_in_words,
    start_of_gates,
    with_cell,
)
from app.domain.diagnosis.prose import short
from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.job import JobSpec
from app.domain.specs.model.lstm import LstmSpec


def draw(ailment: Ailment, spec: JobSpec) -> Draft | None:
    if isinstance(spec.model, LstmSpec):
        return None
    bias = forget_bias_for(ailment)
    return Draft(
        patch={
            "model": with_cell("lstm", spec.model),
            "init": {**start_of_gates(spec), "forget_bias": bias},
        },
        reason=(
            f"An LSTM whose forget gates start with a bias of {short(bias)} keeps "
            f"{kept_in_words(ailment)}."
        ),
    )


CARD = RemedyCard(
    kind="use_lstm_with_forget_bias",
    summary="Use an LSTM whose forget gates start open.",
    source="Gers et al. 2000; Tallec & Ollivier 2018",
    changes=("model", "init"),
    cannot_act="The cell is already an LSTM.",
    causes=frozenset({"contractive_recurrence", "closed_gates"}),
    draw=draw,
)
