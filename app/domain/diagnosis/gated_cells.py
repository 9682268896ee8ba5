"""Functions of the remedies that replace the cell or open its gates."""

from math import exp, log

from pydantic import JsonValue

from app.domain.diagnosis.prose import counted, percent
from app.domain.diagnosis.remedy import Ailment
from app.domain.diagnosis.starts import ALL_USUAL
from app.domain.specs.init import InitSpec
from app.domain.specs.job import JobSpec
from app.domain.specs.model import ModelSpec

#: Fewer units than this are a fault of their own.
MIN_UNITS = 16
MIN_FORGET_BIAS, MAX_FORGET_BIAS = 1.0, 10.0


def forget_bias_for(ailment: Ailment) -> float:
    """Returns b with sigmoid(b)^lag = 1/e, for which the lag is the time constant; 1 to 10."""
    keep = exp(-1 / ailment.assumed_lag)
    return round(min(MAX_FORGET_BIAS, max(MIN_FORGET_BIAS, log(keep / (1 - keep)))), 2)


def kept_in_words(ailment: Ailment) -> str:
    """Returns what a cell initially keeps with this bias: `37 % of a cell's content over …`."""
    lag = ailment.assumed_lag
    kept = (1 / (1 + exp(-forget_bias_for(ailment)))) ** lag
    return f"{percent(kept)} of a cell's content over {counted(lag, 'timestep')} at the start"


def start_of_gates(spec: JobSpec) -> dict[str, JsonValue]:
    """Returns the change of `init` for another cell: everything starts as by default.

    What was chosen for a simple cell may not exist for gates, or may be the very fault.
    """
    return {} if spec.init == InitSpec() else dict(ALL_USUAL)


def with_cell(kind: str, model: ModelSpec) -> dict[str, JsonValue]:
    """Returns the model spec with another cell, the same layers and at least 16 units."""
    return {
        "kind": kind,
        "hidden_size": max(MIN_UNITS, model.hidden_size),
        "num_layers": model.num_layers,
        "bidirectional": model.bidirectional,
        "dropout": model.dropout,
    }
