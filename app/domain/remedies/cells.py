"""Remedies that change the cell, so that it carries a gradient further back."""

from math import exp, log

from pydantic import JsonValue

from app.domain.remedies.remedy import Ailment, Draft
from app.domain.specs.init.critical import Critical
from app.domain.specs.init.identity import Identity
from app.domain.specs.job import JobSpec
from app.domain.specs.model import ModelSpec
from app.domain.specs.model.elman import ElmanSpec
from app.domain.specs.model.lstm import LstmSpec

#: Lag assumed where neither the required lag nor the length is known, in timesteps.
DEFAULT_LAG = 50
MAX_FORGET_BIAS = 10.0
#: A smaller rise than this is not worth a run.
MIN_RISE = 0.5


def use_gated_cell(_ailment: Ailment, spec: JobSpec) -> Draft | None:
    if not isinstance(spec.model, ElmanSpec):
        return None
    return Draft(
        patch={"model": _as_kind("gru", spec.model), **_start_of_gates(spec)},
        reason=(
            "A GRU passes the state on by a gate instead of multiplying it by a matrix at each "
            "timestep, so the gradient can last; it has to learn when, which is no guarantee."
        ),
    )


def use_lstm_with_forget_bias(ailment: Ailment, spec: JobSpec) -> Draft | None:
    if isinstance(spec.model, LstmSpec):
        return None
    bias = forget_bias_for(ailment)
    return Draft(
        patch={
            "model": _as_kind("lstm", spec.model),
            "init": {"forget_bias": bias, **_start_of_gates(spec).get("init", {})},
        },
        reason=f"An LSTM whose forget gates start with a bias of {bias:g} keeps {_kept(ailment)}.",
    )


def raise_forget_bias(ailment: Ailment, spec: JobSpec) -> Draft | None:
    present = spec.forget_bias
    bias = forget_bias_for(ailment)
    if present is None or bias < present + MIN_RISE:
        return None
    return Draft(
        patch={"init": {"forget_bias": bias}},
        reason=f"A forget bias of {bias:g} instead of {present:g} keeps {_kept(ailment)}.",
    )


def use_identity_relu(_ailment: Ailment, spec: JobSpec) -> Draft | None:
    model, recurrent = spec.model, spec.init.recurrent
    if not isinstance(model, ElmanSpec):
        return None
    is_so = model.activation == "relu" and isinstance(recurrent, Identity) and recurrent.gain == 1
    if is_so:
        return None
    return Draft(
        patch={
            "model": {"activation": "relu"},
            "init": {"recurrent": {"kind": "identity", "gain": 1.0}},
        },
        reason=(
            "With ReLU and the identity as recurrent matrix an active unit passes the gradient on "
            "unchanged; keep clipping on, for nothing bounds it from above."
        ),
    )


def forget_bias_for(ailment: Ailment) -> float:
    """Bias b with sigmoid(b)^lag = 1/e, so that the lag is the gate's time constant; at least 1."""
    lag = ailment.required_lag or ailment.length or DEFAULT_LAG
    keep = exp(-1 / max(lag, 1))
    return round(min(MAX_FORGET_BIAS, max(1.0, log(keep / (1 - keep)))), 2)


def _kept(ailment: Ailment) -> str:
    lag = ailment.required_lag or ailment.length or DEFAULT_LAG
    share = (1 / (1 + exp(-forget_bias_for(ailment)))) ** max(lag, 1)
    return f"{share:.0%} of a cell's content over {lag} timesteps at the start"


def _start_of_gates(spec: JobSpec) -> dict[str, dict[str, JsonValue]]:
    """A start that gated cells have too, where the present one is for simple cells alone."""
    if not isinstance(spec.init.recurrent, Critical):
        return {}
    return {"init": {"recurrent": {"kind": "orthogonal"}}}


def _as_kind(kind: str, model: ModelSpec) -> dict[str, JsonValue]:
    """The same network with another cell."""
    return {
        "kind": kind,
        "hidden_size": model.hidden_size,
        "num_layers": model.num_layers,
        "bidirectional": model.bidirectional,
        "dropout": model.dropout,
    }
