"""Gradient flow as clients see it: one row a probe, one column a lag.

Legend: T lags.
"""

import math
from collections.abc import Iterator, Sequence
from uuid import UUID

from app.api.models.curves import count_rows, log10_row, log10_rows
from app.api.models.not_finite import NonFiniteWord, word_of
from app.api.models.positions import PositionFlowView, view_positions
from app.api.models.view import View
from app.domain.integrity import CHECKS, LIMITS, has_passed
from app.domain.specs.job import JobSpec
from app.domain.task import RequiredLag
from app.domain.telemetry import Cotangent, Direction, Interval, LagProfile, Path, ProfileShape
from app.services.telemetry.read_gradient_flow import GradientFlow

MODEL = "model"


class NonFiniteLags(View):
    """A stretch of one probe's profile that has no logarithm; null in `log10_norm`."""

    step: int
    """Optimizer step of the probe."""
    first_lag: int
    """In timesteps back from the loss term."""
    last_lag: int
    """In timesteps, included."""
    value: NonFiniteWord
    """`-inf`: the gradient is exactly 0 there."""


class HorizonView(View):
    value: int
    """Largest lag, in timesteps, before the profile first falls below `threshold` of lag 0."""
    first_below: int | None
    """That first lag below it, in timesteps; null when censored."""
    censored: bool
    """True: it never falls below, so the horizon is at least `value`."""
    threshold: float
    """Share of the norm at lag 0, without unit."""
    interval: Interval
    """Of `value`, in timesteps: 95 %, by bootstrap over sequences."""


class RatioView(View):
    lag: int
    """The lag that the task needs, in timesteps."""
    value: float | None
    """Norm at that lag / norm at lag 0 of the same loss terms, without unit; small = vanished."""
    interval: tuple[float | None, float | None]
    """Of `value`: 95 %, by bootstrap over sequences."""


class LayerFlowView(View):
    """One scope over the probes; all lists but `lags` have one entry a probe."""

    scope: str
    """`model`: at the bottom layer's gate pre-activations, both directions together. `layer:0`,
    `layer:0/reverse`: at the state that enters the next timestep, h, and (h, c) for lstm."""
    layer: int
    """Counted from 0 at the input."""
    direction: Direction
    """In which the layer reads its sequence; lags of a reverse one count the way it reads."""
    path: Path
    """`total`: through every path, upper layers included. `within_layer`: this layer's own loop."""
    steps: list[int]
    """Optimizer steps that the probes were taken at."""
    lags: list[int]
    """Timesteps back from the loss term: the columns of the rows."""
    log10_norm: list[list[float | None]]
    """Base-10 logarithm of the RMS over anchors (single loss terms) of the gradient's L2 norm, in
    loss per unit of state; null where `non_finite` says why, and past the end of a shorter
    sequence."""
    log10_norm_hidden: list[list[float | None]] | None
    """The same of an lstm's h alone; null for other cells and for the model."""
    log10_norm_cell: list[list[float | None]] | None
    """The same of an lstm's c alone; null for other cells and for the model."""
    log10_norm_scaled: list[list[float | None]] | None
    """The same with each coordinate times its standard deviation over the sample, in units of the
    loss: h and c have different units. Null for the model."""
    log10_norm_median: list[list[float | None]] | None
    """Base-10 logarithm of the median over sequences of each one's RMS."""
    non_finite: list[NonFiniteLags]
    """Where `log10_norm` is null within the sequence, and why."""
    num_anchors: list[list[int]]
    """Loss terms that have this lag within their sequence."""
    underflowed: list[bool]
    """A backward pass in single precision would have given exact zeros."""
    cotangent: list[Cotangent]
    """What was followed back: the gradient of the `loss`, or a `random` unit direction where that
    was about 0."""
    shape: list[ProfileShape]
    """Of the profile past its entry: what kind of curve describes it."""
    decay_rate: list[float | None]
    """Theil-Sen slope of ln(norm) over the lag past the entry, in nats per timestep, negative =
    decays; null unless the shape is exponential."""
    decay_rate_interval: list[Interval | None]
    """In nats per timestep: 95 %, by bootstrap over sequences."""
    fit_lags: list[tuple[int, int] | None]
    """First and last lag, in timesteps, that the slope was fitted over."""
    entry_ratio: list[float | None]
    """Norm where the entry transient ends / norm at lag 0, without unit: what read-out and
    saturated cells take away before the recurrence does."""
    gradient_horizon: list[HorizonView]
    """How far back the gradient reaches, in timesteps."""
    ratio_at_required_lag: list[RatioView | None]
    """What is judged; null where the required lag is unknown or longer than the sequence."""


class IntegrityView(View):
    """A check that a probe made on itself; a profile that fails one is not judged.

    `parameter_gradient_checksum`: parameter gradients rebuilt from the replay against those of
    autograd. `adjoint_identity`: the backward recursion against the forward one.
    """

    step: int
    """Optimizer step of the probe."""
    check: str
    """`parameter_gradient_checksum` or `adjoint_identity`."""
    scope: str
    """`model`, or the layer and direction that was checked."""
    relative_error: float | None
    """Norm of the difference / norm of what it should be, without unit; null for NaN."""
    limit: float
    """Largest relative error that rounding explains in the run's precision."""
    passed: bool
    """False: the profile of this step is not to be trusted."""


class GradientFlowView(View):
    """How far back the gradient of single loss terms reaches; the first layer is the judged one."""

    run_id: UUID
    """Of the run, or of the preflight."""
    required_lag: RequiredLag
    """How far back the target depends on the input, in timesteps, and how that is known."""
    integrity: list[IntegrityView]
    """Whether the profiles can be believed: every check of every probe."""
    layers: list[LayerFlowView]
    """One entry a scope and path; the first, `scope: model`, is the one that is judged."""
    positions: list[PositionFlowView]
    """The training gradient over position, a layer and direction an entry, bottom first; empty
    where `hidden_grad_norm` was not measured (`probes.tier` full, or `probes.quantities`)."""


def view_gradient_flow(flow: GradientFlow) -> GradientFlowView:
    task = flow.run.task
    return GradientFlowView(
        run_id=flow.run.id,
        required_lag=task.required_lag if task else RequiredLag(),
        integrity=_integrity(flow, flow.run.spec),
        layers=[_view_layer(profiles) for profiles in _by_layer(flow.profiles)],
        positions=view_positions(flow.positions),
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
        log10_norm=[log10_row(one.log_norm_T, num_lags) for one in profiles],
        log10_norm_hidden=log10_rows([one.log_norm_hidden_T for one in profiles], num_lags),
        log10_norm_cell=log10_rows([one.log_norm_cell_T for one in profiles], num_lags),
        log10_norm_scaled=log10_rows([one.log_norm_scaled_T for one in profiles], num_lags),
        log10_norm_median=log10_rows([one.log_norm_median_T for one in profiles], num_lags),
        non_finite=[stretch for one in profiles for stretch in _non_finite(one)],
        num_anchors=count_rows([one.num_anchors_T for one in profiles], num_lags),
        underflowed=[one.underflowed for one in profiles],
        cotangent=[one.cotangent for one in profiles],
        shape=[one.shape for one in profiles],
        decay_rate=[one.decay_rate for one in profiles],
        decay_rate_interval=[one.decay_rate_interval for one in profiles],
        fit_lags=[one.fit_lags for one in profiles],
        entry_ratio=[one.entry_ratio for one in profiles],
        gradient_horizon=[HorizonView.of(one.horizon) for one in profiles],
        ratio_at_required_lag=[_view_ratio(one) for one in profiles],
    )


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
    return None if ratio is None else RatioView.of(ratio)


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
