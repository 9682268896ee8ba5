"""Converts telemetry to the columns of a stored run and back.

Kept are the columns that live judging reads, and those of each tensor that other tools' rules need.
What depends on the machine's speed is left out. Legend: n steps, P tensors, T lags.
"""

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from app.domain.quantities.trained import PROBE_SECONDS, PROBE_SHARE
from app.domain.scopes import Scope
from app.domain.telemetry import (
    FloatArray,
    Horizon,
    LagProfile,
    LagRatio,
    ScalarReading,
    Telemetry,
)

#: Quantities of every step.
SCALARS = (
    "loss",
    "grad_norm",
    "clip_coefficient",
    "update_ratio",
    "learning_rate",
    "non_finite_count",
)
#: Quantities of every step and tensor.
TENSORS = ("grad_norm", "weight_norm", "update_ratio", "zero_fraction")
#: They differ from machine to machine, and no judge may read them.
_OF_THE_MACHINE = frozenset({PROBE_SECONDS, PROBE_SHARE})
#: Significant bits of the numbers of single tensors: a relative error of at most 0.05 %.
TENSOR_BITS = 10
_FLOATS, _INTEGERS, _TEXTS = pa.list_(pa.float32()), pa.list_(pa.int32()), pa.list_(pa.string())
COLUMNS: tuple[pa.Field, ...] = (
    pa.field("steps", _INTEGERS),
    *(pa.field(name, _FLOATS) for name in SCALARS),
    pa.field("tensor_names", _TEXTS),
    # all steps of the first tensor, then those of the second
    *(pa.field(f"tensor_{name}", _FLOATS) for name in TENSORS),
    # quantity and scope, with a space between
    pa.field("reading_names", _TEXTS),
    pa.field("reading_steps", _INTEGERS),
    pa.field("reading_values", _FLOATS),
    pa.field("profile_facts", _TEXTS),
    # the lags of the first profile, then those of the second
    pa.field("profile_log_norms", _FLOATS),
    pa.field("profile_anchors", _INTEGERS),
)
_KEPT_OF_PROFILE = (
    "step",
    "layer",
    "direction",
    "path",
    "underflowed",
    "cotangent",
    "shape",
    "decay_rate",
    "decay_rate_interval",
    "fit_lags",
    "entry_ratio",
)


def packed(telemetry: Telemetry) -> Mapping[str, object]:
    """Returns the columns of one run, with the profiles of the whole model: cut and uncut."""
    readings = [one for one in telemetry.scalar_readings if one.quantity not in _OF_THE_MACHINE]
    profiles = [
        one
        for one in telemetry.profiles
        if one.scope == Scope.model() and one.path != "within_layer"
    ]
    return {
        "steps": telemetry.steps_n,
        **{name: telemetry.scalars[name] for name in SCALARS},
        "tensor_names": list(telemetry.tensor_names),
        **{
            f"tensor_{name}": rounded(telemetry.tensors[name], TENSOR_BITS).T.ravel()
            for name in TENSORS
        },
        "reading_names": [f"{one.quantity} {one.scope}" for one in readings],
        "reading_steps": np.array([one.step for one in readings], dtype=np.int32),
        "reading_values": np.array([one.value for one in readings], dtype=np.float32),
        "profile_facts": [json.dumps(_facts(one)) for one in profiles],
        "profile_log_norms": _joined([one.log_norm_T for one in profiles], np.float32),
        "profile_anchors": _joined([one.num_anchors_T for one in profiles], np.int32),
    }


def unpacked(columns: Mapping[str, Any]) -> Telemetry:
    """Returns the telemetry of one run's columns."""
    names = tuple(columns["tensor_names"])
    return Telemetry(
        steps_n=columns["steps"],
        scalars=MappingProxyType({name: columns[name] for name in SCALARS}),
        tensor_names=names,
        tensors=MappingProxyType(
            {name: columns[f"tensor_{name}"].reshape(len(names), -1).T for name in TENSORS}
        ),
        scalar_readings=_readings(columns),
        profiles=_profiles(columns),
    )


def rounded(values: FloatArray, bits: int) -> FloatArray:
    """Returns the numbers rounded to so many significant bits, so that they compress well."""
    dropped = 24 - bits
    raw = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    half, mask = np.uint32(1 << (dropped - 1)), np.uint32(0xFFFFFFFF << dropped & 0xFFFFFFFF)
    cut: FloatArray = ((raw + half) & mask).view(np.float32)
    # the largest numbers would be rounded to infinity
    return np.where(np.isfinite(values) & np.isfinite(cut), cut, values)


def _joined(parts: Sequence[NDArray[Any]], kind: type[np.generic]) -> NDArray[Any]:
    return np.concatenate(parts).astype(kind) if parts else np.array([], dtype=kind)


def _facts(profile: LagProfile) -> Mapping[str, object]:
    ratio = profile.ratio_at_required_lag
    return _short(
        {
            **{name: getattr(profile, name) for name in _KEPT_OF_PROFILE},
            "num_lags": len(profile.log_norm_T),
            "horizon": vars(profile.horizon),
            "ratio": None if ratio is None else vars(ratio),
        }
    )


def _short(facts: Mapping[str, Any]) -> dict[str, Any]:
    """With seven digits, which float32 has."""
    return {name: _shortened(value) for name, value in facts.items()}


def _shortened(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.7g}")
    if isinstance(value, Mapping):
        return _short(value)
    if isinstance(value, list | tuple):
        return [_shortened(one) for one in value]
    return value.item() if isinstance(value, np.generic) else value


def _readings(columns: Mapping[str, Any]) -> tuple[ScalarReading, ...]:
    known: dict[str, tuple[str, Scope]] = {}
    readings = []
    steps, values = columns["reading_steps"].tolist(), columns["reading_values"].tolist()
    for name, step, value in zip(columns["reading_names"], steps, values, strict=True):
        if name not in known:
            quantity, _, scope = name.partition(" ")
            known[name] = (quantity, Scope.parse(scope))
        quantity, scope_of = known[name]
        readings.append(ScalarReading(step=step, quantity=quantity, scope=scope_of, value=value))
    return tuple(readings)


def _profiles(columns: Mapping[str, Any]) -> tuple[LagProfile, ...]:
    profiles, first = [], 0
    log_norms = columns["profile_log_norms"].astype(np.float64)
    for text in columns["profile_facts"]:
        facts = json.loads(text)
        horizon, ratio, num_lags = facts.pop("horizon"), facts.pop("ratio"), facts.pop("num_lags")
        interval, fit = facts.pop("decay_rate_interval"), facts.pop("fit_lags")
        profiles.append(
            LagProfile(
                **facts,
                scope=Scope.model(),
                log_norm_T=log_norms[first : first + num_lags],
                num_anchors_T=columns["profile_anchors"][first : first + num_lags],
                decay_rate_interval=None if interval is None else (interval[0], interval[1]),
                fit_lags=None if fit is None else (fit[0], fit[1]),
                horizon=Horizon(**{**horizon, "interval": tuple(horizon["interval"])}),
                ratio_at_required_lag=None
                if ratio is None
                else LagRatio(**{**ratio, "interval": tuple(ratio["interval"])}),
            )
        )
        first += num_lags
    return tuple(profiles)
