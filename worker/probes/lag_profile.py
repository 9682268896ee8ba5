"""Measures how far back the gradient reaches: norms of gradients of single loss terms by lag."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from app.domain.quantities.quantity import Cadence, Form, Quantity
from app.domain.scopes import Scope
from app.domain.telemetry import Cotangent, DoubleArray, IntArray, LagProfile, ProbeGap
from worker.probes.card import Look, ProbeCard
from worker.replay.anchors import sequences_needed
from worker.replay.following import anchored_blocks, replay_anchors
from worker.replay.lag_curve import log_rms, summarise
from worker.replay.network import NormVariant, ScopeTrace
from worker.replay.preparation import linearise_network
from worker.replay.sample import ProbeSample
from worker.replay.tail import fit_tail

HORIZON = "gradient_horizon"
#: The horizon is where the profile first falls below this share of lag 0.
HORIZON_THRESHOLD = 0.01
#: Logarithm of the smallest positive float32.
LOG_SMALLEST_FLOAT32 = float(np.log(2.0) * -149)

_PURPOSE = 0x9B0BE


def measure_lag_profiles(look: Look) -> tuple[LagProfile, ...]:
    """Profiles of the model, then of each layer; none where states or losses are not finite.

    They are of the gradient that trains. Where `bptt_length` cuts it, the profile of the model
    without the cut is the last one.
    """
    trained = _measure(look, bptt_length=look.bptt_length)
    if look.bptt_length is None or look.bptt_length >= look.sample.x_TBI.shape[0]:
        return trained
    uncut = _measure(look, bptt_length=None)[:1]
    return (*trained, *(replace(one, path="untruncated") for one in uncut))


def _measure(look: Look, *, bptt_length: int | None) -> tuple[LagProfile, ...]:
    """Both measurements of a step draw the same numbers."""
    random = np.random.default_rng([look.seed % 2**64, _PURPOSE, look.step])
    replayed = replay_anchors(look.model, _profiled(look), random, bptt_length=bptt_length)
    if not replayed:
        return ()
    sequence_N = np.concatenate([block.sequence_N for block in replayed])
    measured = _Measured(sequence_N=sequence_N, cotangent=replayed[0].cotangent, random=random)
    return tuple(
        _profiles(
            measured,
            [block.scopes for block in replayed],
            look.step,
            required_lag=look.required_lag,
        )
    )


def share_linearisation(look: Look) -> None:
    """Linearise once what the profile and other probes need, before they run in parallel."""
    linearise_network(look.model, next(anchored_blocks(look.model, _profiled(look))))


def _profiled(look: Look) -> ProbeSample:
    return look.first(sequences_needed(look.max_anchors, many_to_one=look.model.many_to_one))


def _profiles(
    measured: "_Measured",
    blocks_of_scopes: list[tuple[ScopeTrace, ...]],
    step: int,
    *,
    required_lag: int | None,
) -> Iterator[LagProfile]:
    """One profile per scope. One that equals the total, as in a top layer, is a copy of it."""
    last: LagProfile | None = None
    for traces in zip(*blocks_of_scopes, strict=True):
        if last is not None and traces[0].is_same_as_total:
            yield replace(last, path=traces[0].path)
            continue
        last = measured.profile(traces, step=step, required_lag=required_lag)
        yield last


@dataclass(frozen=True, kw_only=True)
class _Measured:
    """What all lag profiles of one step share."""

    sequence_N: IntArray
    cotangent: Cotangent
    random: np.random.Generator

    def profile(
        self, traces: tuple[ScopeTrace, ...], *, step: int, required_lag: int | None
    ) -> LagProfile:
        """The profile of one scope, from its traces in all blocks."""
        norms = _joined(traces)
        log_norm_NL = norms["whole"]
        curve = summarise(log_norm_NL, self.sequence_N, self.random)
        tail = fit_tail(curve.log_ratio_L, curve.log_ratio_RL, last_lag=curve.last_lag)
        ratio = None if required_lag is None else curve.ratio_at(required_lag)
        return LagProfile(
            step=step,
            scope=traces[0].scope,
            layer=traces[0].layer,
            direction=traces[0].direction,
            path=traces[0].path,
            log_norm_T=curve.log_norm_L,
            num_anchors_T=curve.num_anchors_L,
            log_norm_hidden_T=_rms_of(norms, "hidden"),
            log_norm_cell_T=_rms_of(norms, "cell"),
            log_norm_scaled_T=_rms_of(norms, "scaled"),
            log_norm_median_T=curve.log_median_L,
            underflowed=_is_underflowed(curve.log_norm_L),
            cotangent=self.cotangent,
            shape=tail.shape,
            decay_rate=tail.decay_rate,
            decay_rate_interval=tail.decay_rate_interval,
            fit_lags=tail.fit_lags,
            entry_ratio=tail.entry_ratio,
            horizon=curve.horizon(HORIZON_THRESHOLD),
            ratio_at_required_lag=ratio,
        )


def _joined(traces: tuple[ScopeTrace, ...]) -> dict[NormVariant, DoubleArray]:
    """Each variant (N, L) over all blocks, up to the largest lag that any anchor has."""
    num_lags = 1 + max(int(trace.reach_N.max()) for trace in traces)
    return {
        variant: np.concatenate([trace.log_norm_NLQ[:, :num_lags, q] for trace in traces])
        for q, variant in enumerate(traces[0].variants)
    }


def _rms_of(norms: dict[NormVariant, DoubleArray], variant: NormVariant) -> DoubleArray | None:
    return log_rms(norms[variant]) if variant in norms else None


def _is_underflowed(log_norm_L: DoubleArray) -> bool:
    is_tiny_L = np.isfinite(log_norm_L) & (log_norm_L < LOG_SMALLEST_FLOAT32)
    return bool(is_tiny_L.any())


def _profiles_or_gap(look: Look) -> tuple[LagProfile | ProbeGap, ...]:
    reason = "the states or the losses are not finite, or no loss term counts"
    return measure_lag_profiles(look) or (look.gap(HORIZON, Scope.model(), reason),)


CARD = ProbeCard(
    quantities=(
        Quantity(
            name="lag_grad_norm",
            unit="loss / state",
            formula="RMS over loss terms a of ||dl_a / ds_(a-lag)||, s = h, and (h, c) for lstm",
            reduction="RMS over loss terms, and median over sequences",
            cost="one replay and one backward recursion a layer, in double precision",
            source="Bengio et al. 1994",
            cadence=Cadence.PROBE,
            form=Form.CURVE,
        ),
        Quantity(
            name=HORIZON,
            unit="timesteps",
            formula="largest lag before the lag profile first falls below 1 % of lag 0",
            reduction="first crossing of the RMS curve; 95 % interval by bootstrap over sequences",
            cost="none: computed with lag_grad_norm",
            source="measured",
            cadence=Cadence.PROBE,
            form=Form.OF_LAG_PROFILE,
        ),
        Quantity(
            name="gradient_ratio_at_required_lag",
            unit="1",
            formula="lag profile at the lag that the task needs / at lag 0; small = vanished",
            reduction="RMS over loss terms; 95 % interval by bootstrap over sequences",
            cost="none: computed with lag_grad_norm",
            source="Bengio et al. 1994",
            cadence=Cadence.PROBE,
            form=Form.OF_LAG_PROFILE,
        ),
        Quantity(
            name="decay_rate",
            unit="nats / timestep",
            formula="Theil-Sen slope of ln(lag profile) past its entry; negative = decays",
            reduction="median of the slopes of all pairs of up to 32 lags",
            cost="none: computed with lag_grad_norm",
            source="Theil 1950, Sen 1968",
            cadence=Cadence.PROBE,
            form=Form.OF_LAG_PROFILE,
        ),
        Quantity(
            name="entry_ratio",
            unit="1",
            formula="lag profile where its entry transient ends / at lag 0",
            reduction="RMS over loss terms",
            cost="none: computed with lag_grad_norm",
            source="measured",
            cadence=Cadence.PROBE,
            form=Form.OF_LAG_PROFILE,
        ),
    ),
    measure=_profiles_or_gap,
)
