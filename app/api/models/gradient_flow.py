"""Gradient flow as clients see it: one row a probe, one column a lag.

Legend: T lags.
"""

import math
from collections.abc import Iterator, Sequence
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from app.api.models.not_finite import NonFiniteWord, word_of
from app.api.models.run import View
from app.domain.integrity import CHECKS, LIMITS, has_passed
from app.domain.specs.job import JobSpec
from app.domain.task import RequiredLag
from app.domain.telemetry import Cotangent, Direction, Interval, LagProfile, Path, ProfileShape
from app.services.read_gradient_flow import GradientFlow

MODEL = "model"


class NonFiniteLags(View):
    """A stretch of one probe's profile that has no logarithm; null in `log10_norm`."""

    step: int
    first_lag: int
    last_lag: int
    value: NonFiniteWord
    """`-inf`: the gradient is exactly 0 there."""


class HorizonView(View):
    value: int
    """Largest lag, in timesteps, before the profile first falls below `threshold` of lag 0."""
    first_below: int | None
    censored: bool
    """True: it never falls below, so the horizon is at least `value`."""
    threshold: float
    interval: Interval
    """95 %, by bootstrap over sequences."""


class RatioView(View):
    lag: int
    value: float | None
    interval: tuple[float | None, float | None]
    """95 %, by bootstrap over sequences."""


class LayerFlowView(View):
    """One scope over the probes; all lists but `lags` have one entry a probe."""

    scope: str
    layer: int
    direction: Direction
    path: Path
    """`total`: through every path, upper layers included. `within_layer`: this layer's own loop."""
    steps: list[int]
    lags: list[int]
    """Timesteps back from the loss term."""
    log10_norm: list[list[float | None]]
    """Base-10 logarithm of the RMS norm over anchors; null where `non_finite` says why, and past
    the end of a shorter sequence."""
    non_finite: list[NonFiniteLags]
    num_anchors: list[list[int]]
    """Loss terms that have this lag within their sequence."""
    underflowed: list[bool]
    """A backward pass in single precision would have given exact zeros."""
    cotangent: list[Cotangent]
    """`random`: the loss gradient was about 0, so a random direction took its place."""
    shape: list[ProfileShape]
    decay_rate: list[float | None]
    """Nats per timestep, negative = decays; null unless the shape is exponential."""
    decay_rate_interval: list[Interval | None]
    fit_lags: list[tuple[int, int] | None]
    entry_ratio: list[float | None]
    gradient_horizon: list[HorizonView]
    ratio_at_required_lag: list[RatioView | None]


class IntegrityView(View):
    """A check that a probe made on itself; a profile that fails one is not judged.

    `parameter_gradient_checksum`: parameter gradients rebuilt from the replay against those of
    autograd. `adjoint_identity`: the backward recursion against the forward one.
    """

    step: int
    check: str
    scope: str
    relative_error: float | None
    limit: float
    passed: bool


class GradientFlowView(View):
    """How far back the gradient of single loss terms reaches; the first layer is the judged one."""

    run_id: UUID
    required_lag: RequiredLag
    integrity: list[IntegrityView]
    layers: list[LayerFlowView]


def view_gradient_flow(flow: GradientFlow) -> GradientFlowView:
    task = flow.run.task
    return GradientFlowView(
        run_id=flow.run.id,
        required_lag=task.required_lag if task else RequiredLag(),
        integrity=_integrity(flow, flow.run.spec),
        layers=[_view_layer(profiles) for profiles in _by_layer(flow.profiles)],
    )


def _by_layer(profiles: Sequence[LagProfile]) -> list[list[LagProfile]]:
    """The whole model first, then by layer, direction and path."""
    groups: dict[tuple[bool, int, str, bool, str], list[LagProfile]] = {}
    for one in profiles:
        key = (one.scope != MODEL, one.layer, one.direction, one.path != "total", one.scope)
        groups.setdefault(key, []).append(one)
    return [groups[key] for key in sorted(groups)]


def _view_layer(profiles: Sequence[LagProfile]) -> LayerFlowView:
    first = profiles[0]
    num_lags = max(one.log_norm_T.size for one in profiles)
    return LayerFlowView(
        scope=first.scope,
        layer=first.layer,
        direction=first.direction,
        path=first.path,
        steps=[one.step for one in profiles],
        lags=list(range(num_lags)),
        log10_norm=[_log10(one.log_norm_T, num_lags) for one in profiles],
        non_finite=[stretch for one in profiles for stretch in _non_finite(one)],
        num_anchors=[
            np.pad(one.num_anchors_T, (0, num_lags - one.num_anchors_T.size)).tolist()
            for one in profiles
        ],
        underflowed=[one.underflowed for one in profiles],
        cotangent=[one.cotangent for one in profiles],
        shape=[one.shape for one in profiles],
        decay_rate=[one.decay_rate for one in profiles],
        decay_rate_interval=[one.decay_rate_interval for one in profiles],
        fit_lags=[one.fit_lags for one in profiles],
        entry_ratio=[one.entry_ratio for one in profiles],
        gradient_horizon=[
            HorizonView.model_validate(one.horizon, from_attributes=True) for one in profiles
        ],
        ratio_at_required_lag=[_view_ratio(one) for one in profiles],
    )


def _log10(log_norm_T: NDArray[np.float64], num_lags: int) -> list[float | None]:
    log10_T = log_norm_T / math.log(10)
    found: list[float | None] = log10_T.tolist()
    for lag in np.nonzero(~np.isfinite(log10_T))[0]:
        found[lag] = None
    return [*found, *[None] * (num_lags - log10_T.size)]


def _non_finite(profile: LagProfile) -> Iterator[NonFiniteLags]:
    """Neighbouring lags with the same value are one stretch."""
    first = 0
    words = [None if math.isfinite(value) else word_of(value) for value in profile.log_norm_T]
    for lag, word in enumerate(words):
        if lag and word != words[lag - 1]:
            first = lag
        is_last = lag + 1 == len(words) or words[lag + 1] != word
        if word is not None and is_last:
            yield NonFiniteLags(step=profile.step, first_lag=first, last_lag=lag, value=word)


def _view_ratio(profile: LagProfile) -> RatioView | None:
    ratio = profile.ratio_at_required_lag
    if ratio is None:
        return None
    return RatioView(lag=ratio.lag, value=ratio.value, interval=ratio.interval)


def _integrity(flow: GradientFlow, spec: JobSpec) -> list[IntegrityView]:
    precision = spec.training.precision
    found = [
        IntegrityView(
            step=int(step),
            check=CHECKS[series.quantity],
            scope=series.scope,
            relative_error=float(error),
            limit=LIMITS[series.quantity][precision],
            passed=has_passed(series.quantity, float(error), precision),
        )
        for series in flow.checks
        for step, error in zip(series.steps_n, series.values_n, strict=True)
    ]
    return sorted(found, key=lambda entry: entry.step)
