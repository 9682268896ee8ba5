"""Views of the gradient flow: one row per probe, one column per lag.

Legend: T lags.
"""

import math
from collections.abc import Iterator, Sequence
from uuid import UUID

from app.api.models.curves import columns_of, count_rows, log10_row, log10_rows
from app.api.models.not_finite import NonFiniteWord, word_of
from app.api.models.positions import PositionFlowView, view_positions
from app.api.models.view import Derived, View
from app.domain.integrity import CHECKS, LIMITS, decides, has_passed
from app.domain.scopes import Direction, Scope
from app.domain.specs.job import JobSpec
from app.domain.task import RequiredLag
from app.domain.telemetry import Cotangent, Interval, LagProfile, Path, ProfileShape
from app.services.telemetry.read_gradient_flow import GradientFlow


class NonFiniteLags(View):
    """A range of lags of one probe that is null in `log10_norm`."""

    step: int
    """Optimizer step of the probe."""
    first_lag: int
    """In timesteps back from the loss term."""
    last_lag: int
    """In timesteps, inclusive."""
    value: NonFiniteWord
    """`-inf`: the gradient is exactly 0."""


class HorizonView(View):
    """How many timesteps the gradient reaches back at one probe."""

    value: int
    """Largest lag, in timesteps, before the norm first falls below `threshold` of that at lag 0."""
    first_below: int | None
    """First lag below the threshold, in timesteps; null when censored."""
    censored: bool
    """True: the norm never falls below the threshold, so the horizon is at least `value`."""
    threshold: float
    """Fraction of the norm at lag 0, without unit."""
    interval: Interval
    """95 % interval of `value`, in timesteps, by bootstrap over sequences."""


class RatioView(View):
    """How much of the gradient is left at the lag that the task needs."""

    lag: int
    """The lag that the task needs, in timesteps."""
    value: Derived | None
    """Norm at that lag / norm at lag 0 of the same loss terms, without unit. Small: vanished."""
    interval: tuple[Derived | None, Derived | None]
    """95 % interval of `value`, by bootstrap over sequences."""


class LayerFlowView(View):
    """One scope over the probes. Lists except `lags` and `non_finite` have one entry per probe."""

    scope: str
    """`model`: the gradient at the gate pre-activations of the bottom layer, both directions
    together. `layer:0`, `layer:0/reverse`: the gradient at the state that enters the next timestep,
    which is h, and (h, c) for lstm."""
    layer: int
    """Counted from 0 at the input."""
    direction: Direction
    """In which the layer reads the sequence. Lags count in this direction."""
    path: Path
    """`total`: through every path, including upper layers, as in training: exactly 0 past a cut of
    `bptt_length`. `within_layer`: the same within this layer. `untruncated`, of the model alone:
    `total` as it were without `bptt_length`."""
    steps: list[int]
    """Optimizer steps of the probes."""
    lags: list[int]
    """Timesteps back from the loss term: the columns of the rows. All lags, or 2,000 evenly spaced
    ones where there are more."""
    log10_norm: list[list[float | None]]
    """Base-10 logarithm of the RMS over anchors (single loss terms) of the gradient's L2 norm, in
    loss per unit of state. Null where `non_finite` names the value, and past the end of a shorter
    sequence."""
    log10_norm_hidden: list[list[float | None]] | None
    """The same for h of an lstm alone; null for other cells and for the model."""
    log10_norm_cell: list[list[float | None]] | None
    """The same for c of an lstm alone; null for other cells and for the model."""
    log10_norm_scaled: list[list[float | None]] | None
    """The same with each coordinate multiplied by its standard deviation over the sample, in units
    of the loss, since h and c have different units. Null for the model."""
    log10_norm_median: list[list[float | None]] | None
    """Base-10 logarithm of the median over sequences of the RMS of each sequence."""
    non_finite: list[NonFiniteLags]
    """Ranges in which `log10_norm` is null within the sequence."""
    num_anchors: list[list[int]]
    """Number of loss terms whose sequence has this lag."""
    underflowed: list[bool]
    """True: a backward pass in single precision would have given exact zeros."""
    cotangent: list[Cotangent]
    """What was propagated back: the gradient of the `loss`, or a `random` unit direction where that
    gradient was about 0."""
    shape: list[ProfileShape]
    """The kind of curve that describes the profile after its entry transient."""
    decay_rate: list[Derived | None]
    """Theil-Sen slope of ln(norm) over the lag after the entry transient, in nats per timestep.
    Negative: it decays. Null unless the shape is exponential."""
    decay_rate_interval: list[tuple[Derived, Derived] | None]
    """95 % interval in nats per timestep, by bootstrap over sequences."""
    fit_lags: list[tuple[int, int] | None]
    """First and last lag of the fit, in timesteps."""
    entry_ratio: list[Derived | None]
    """Norm at the end of the entry transient / norm at lag 0, without unit: what the read-out and
    saturated cells remove before the recurrence does."""
    gradient_horizon: list[HorizonView]
    """How many timesteps the gradient reaches back."""
    ratio_at_required_lag: list[RatioView | None]
    """The value that is judged; null where the required lag is unknown or exceeds the sequence."""


class IntegrityView(View):
    """A check of a probe's own measurement. A profile that fails one is not judged.

    `parameter_gradient_checksum` compares parameter gradients from the replay with those of
    autograd, both in float64; in runs of earlier releases in the precision of training.
    `adjoint_identity` compares the backward recursion with the forward one.
    """

    step: int
    """Optimizer step of the probe."""
    check: str
    """`parameter_gradient_checksum` or `adjoint_identity`."""
    scope: str
    """`model`, or the checked layer and direction."""
    relative_error: Derived | None
    """Norm of the difference / norm of the expected value, without unit; null for NaN."""
    limit: float
    """Largest relative error that rounding explains."""
    passed: bool
    """False: the profile of this step cannot be trusted."""


class GradientFlowView(View):
    """How far back the gradient of single loss terms reaches."""

    run_id: UUID
    """Id of the run or of the preflight."""
    required_lag: RequiredLag
    """How many timesteps back the target depends on the input, and how that is known."""
    integrity: list[IntegrityView]
    """Every check of every probe; of the selected probes where some were left out."""
    layers: list[LayerFlowView]
    """One entry per scope and path. The first, `scope: model`, is judged."""
    positions: list[PositionFlowView]
    """The training gradient over positions, one entry per layer and direction, bottom first. Empty
    unless `hidden_grad_norm` was measured (`probes.tier` full, or `probes.quantities`)."""


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
    """Grouped by scope and path: the model first, then by layer, direction and path."""
    groups: dict[tuple[bool, int, str, bool, str], list[LagProfile]] = {}
    model = Scope.model()
    for one in profiles:
        key = (one.scope != model, one.layer, one.direction, one.path != "total", str(one.scope))
        groups.setdefault(key, []).append(one)
    return [groups[key] for key in sorted(groups)]


def _view_layer(profiles: Sequence[LagProfile]) -> LayerFlowView:
    first = profiles[0]
    lags = columns_of(max(one.log_norm_T.size for one in profiles))
    return LayerFlowView(
        scope=str(first.scope),
        layer=first.layer,
        direction=first.direction,
        path=first.path,
        steps=[one.step for one in profiles],
        lags=lags,
        log10_norm=[log10_row(one.log_norm_T, lags) for one in profiles],
        log10_norm_hidden=log10_rows([one.log_norm_hidden_T for one in profiles], lags),
        log10_norm_cell=log10_rows([one.log_norm_cell_T for one in profiles], lags),
        log10_norm_scaled=log10_rows([one.log_norm_scaled_T for one in profiles], lags),
        log10_norm_median=log10_rows([one.log_norm_median_T for one in profiles], lags),
        non_finite=[span for one in profiles for span in _non_finite(one)],
        num_anchors=count_rows([one.num_anchors_T for one in profiles], lags),
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
    """Neighbouring lags with the same value are one range."""
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
    precision, checked_steps = spec.training.precision, flow.checked_steps
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
        if decides(series.quantity, int(step), checked_steps)
    ]
    return sorted(found, key=lambda entry: entry.step)
