"""Do penalties or weight decay decide where the weights go, so that the data cannot?

At every regularised optimum the two balance, so a large share is no evidence where the training
part is learned. Where a penalty has won, its share falls, because the weights are nearly 0: what it
did to them is evidence then.
"""

from dataclasses import dataclass

import numpy as np

from app.domain.diagnosis import needs
from app.domain.diagnosis.attainment import is_trained
from app.domain.diagnosis.case import Case
from app.domain.diagnosis.consequence import consequence_of
from app.domain.diagnosis.detector import DetectorCard, Outcome
from app.domain.diagnosis.evidence import number
from app.domain.diagnosis.findings import Finding, FindingState, NotAssessed
from app.domain.diagnosis.prose import short
from app.domain.diagnosis.streaks import Streak, latest_streak
from app.domain.diagnosis.thresholds import BENCHMARK, CHOSEN, count, share, threshold
from app.domain.telemetry import DoubleArray

CODE = "penalty_dominates"


@dataclass(frozen=True, kw_only=True)
class PenaltyThresholds:
    """The thresholds of `penalty_dominates`."""

    min_share: float = threshold(
        0.1,
        meaning=(
            "smallest ||penalty's part of a step|| / ||the data's|| at which it can shrink "
            "weights; much of the data's part is noise of the batch, which does not add up"
        ),
        source=BENCHMARK,
    )
    max_shrinkage: float = share(
        0.5,
        meaning="largest norm of a weight matrix / that at the start at which it is shrunk",
        source=BENCHMARK,
    )
    balanced_share: float = threshold(
        0.5,
        meaning="share of a step from which on a penalty that opposes the data outweighs it",
        source=BENCHMARK,
    )
    max_cosine: float = threshold(
        -0.5,
        low=-1,
        high=1,
        meaning="largest cosine of the two parts at which they oppose each other",
        source=BENCHMARK,
    )
    min_probes: int = count(
        2, unit="probes", meaning="number of successive probes that must agree", source=CHOSEN
    )


@dataclass(frozen=True, kw_only=True)
class _Shares:
    """The part of a step that a penalty or a decay has, at each probe."""

    steps_n: DoubleArray
    share_n: DoubleArray
    #: 0 where it is not known.
    cosine_n: DoubleArray


@dataclass(frozen=True, kw_only=True)
class _Shrunk:
    """The weight matrix that has lost most of its norm."""

    name: str
    #: Norm / norm at the start.
    share: float


def detect(case: Case, limits: PenaltyThresholds) -> Outcome:
    spec = case.spec
    if not (spec.regularization.l1 or spec.regularization.l2 or spec.optimizer.weight_decay):
        return None
    shares = _shares(case)
    if shares.steps_n.size < limits.min_probes:
        return NotAssessed(code=CODE, reason=f"fewer than {limits.min_probes} updates were probed")
    if is_trained(case):
        return None
    shrunk = _most_shrunk(case)
    streak = _streak(shares, shrunk, limits)
    return None if streak is None else _finding(case, limits, shares, shrunk, streak)


def _shares(case: Case) -> _Shares:
    """Those of the larger of the two kinds of penalty."""
    decay, penalty = (_shares_of(case, kind) for kind in ("decay", "penalty"))
    return decay if decay.share_n.sum() > penalty.share_n.sum() else penalty


def _shares_of(case: Case, kind: str) -> _Shares:
    steps_n, share_n = case.probed(f"{kind}_share")
    cosine = dict(zip(*case.probed(f"{kind}_cosine"), strict=True))
    return _Shares(
        steps_n=steps_n,
        share_n=share_n,
        cosine_n=np.array([cosine.get(step, 0.0) for step in steps_n]),
    )


def _most_shrunk(case: Case) -> _Shrunk | None:
    norm_nP = case.telemetry.tensors.get("weight_norm")
    if norm_nP is None:
        return None
    norm_2P = norm_nP[[0, -1]].astype(np.float64)
    matrices = {
        name: float(last / first)
        for name, first, last in zip(case.telemetry.tensor_names, *norm_2P, strict=True)
        if "bias" not in name and first > 0
    }
    name = min(matrices, key=matrices.__getitem__, default=None)
    return None if name is None else _Shrunk(name=name, share=matrices[name])


def _streak(shares: _Shares, shrunk: _Shrunk | None, limits: PenaltyThresholds) -> Streak | None:
    if shrunk is not None and shrunk.share <= limits.max_shrinkage:
        is_large_n = shares.share_n >= limits.min_share
        by_shrinkage = latest_streak(shares.steps_n, is_large_n, least=limits.min_probes)
        if by_shrinkage is not None:
            return by_shrinkage
    is_opposed_n = (shares.share_n >= limits.balanced_share) & (
        shares.cosine_n <= limits.max_cosine
    )
    balanced = latest_streak(shares.steps_n, is_opposed_n, least=limits.min_probes)
    return balanced if balanced is not None and balanced.is_present else None


def _finding(
    case: Case,
    limits: PenaltyThresholds,
    shares: _Shares,
    shrunk: _Shrunk | None,
    streak: Streak,
) -> Finding:
    consequence = consequence_of(case)
    is_of_streak_n = (shares.steps_n >= streak.first_step) & (shares.steps_n <= streak.last_step)
    median = float(np.median(shares.share_n[is_of_streak_n]))
    cosine = float(np.median(shares.cosine_n[is_of_streak_n]))
    return Finding(
        code=CODE,
        state=FindingState.ACTIVE,
        impact=consequence.impact,
        severity=consequence.severity,
        first_step=streak.first_step,
        last_step=case.present_step,
        threshold={
            "min_share": limits.min_share,
            "max_shrinkage": limits.max_shrinkage,
            "balanced_share": limits.balanced_share,
            "max_cosine": limits.max_cosine,
        },
        evidence={
            "penalty_share_median": number(median),
            "penalty_cosine_median": number(cosine),
            "probes": streak.num_probes,
            "most_shrunk_tensor": None if shrunk is None else shrunk.name,
            "most_shrunk_norm_over_start": None if shrunk is None else number(shrunk.share),
            "l1": case.spec.regularization.l1,
            "l2": case.spec.regularization.l2,
            "weight_decay": case.spec.optimizer.weight_decay,
        },
        explanation=(
            f"From step {streak.first_step:,} to step {streak.last_step:,} the penalties had "
            f"{short(median)} times the data's part in a step. {_result(shrunk, cosine, limits)}"
        ),
    )


def _result(shrunk: _Shrunk | None, cosine: float, limits: PenaltyThresholds) -> str:
    if shrunk is not None and shrunk.share <= limits.max_shrinkage:
        return f"The norm of {shrunk.name} is {short(shrunk.share)} times that at the start."
    return f"The two parts oppose each other, with a cosine of {short(cosine)}."


CARD = DetectorCard(
    code=CODE,
    summary="Penalties or weight decay outweigh the data, and the training part is not learned.",
    in_words="penalties outweigh the data",
    is_essential=False,
    needs=(needs.recorded_steps,),
    thresholds=PenaltyThresholds,
    detect=detect,
)
