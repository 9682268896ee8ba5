"""Fits the ranking of causes: a multinomial logistic model with ridge towards what is expected.

A weight is the expected one, plus one of the cause's family, plus one of its own; the last two are
shrunk, so that members of a family share what tells it from others. Each example is fitted twice:
among the causes that its job leaves possible, and among all. Legend: N examples, S signs, K causes,
F families.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from app.domain.diagnosis.ranking.model import MOST_DEVIATION, Doubt, Model, Scale, Weights
from app.domain.telemetry import DoubleArray
from bench.diagnosis.example import Example
from bench.diagnosis.expectations import EXPECTED, RARE
from bench.diagnosis.leaves import FAMILIES

CODES = tuple(FAMILIES)
_FAMILIES = tuple(dict.fromkeys(FAMILIES.values()))
_MEMBERS_KF = np.array([[FAMILIES[code] == one for one in _FAMILIES] for code in CODES], float)
#: Ridge of the weights of causes and families, and of the biases.
RIDGE, RIDGE_OF_BIAS = 3.0, 0.3
#: Frequent causes count less: each example by its cause's count to this power.
BALANCE = -0.3
#: Weight of an example among all causes; the rest is among those that its job leaves possible.
SHARE_AMONG_ALL = 0.5
_MOST_ITERATIONS = 150
#: Spreads are at least this share of the standard deviation, so that a sign that is mostly one
#: value is not enlarged without bound.
_LEAST_SPREAD = 0.25
#: Standard deviations between the tenth and the ninetieth percentile of a normal distribution.
_NORMAL_SPREAD = 2.563
_DIGITS = 3
_LEAST_WEIGHT = 0.01
NO_DOUBT = Doubt(bias=-30.0, weakness=0.0, missing=0.0)


@dataclass(frozen=True, kw_only=True)
class _Problem:
    """The arrays of one fit."""

    signs_NS: DoubleArray
    #: Each row sums to 1.
    targets_NK: DoubleArray
    is_possible_NK: DoubleArray
    weight_N: DoubleArray
    expected_KS: DoubleArray
    bias_K: DoubleArray


def fitted(examples: Sequence[Example]) -> Model:
    """Returns the model without doubt, which `calibrated` adds."""
    names = tuple(sorted(examples[0].signs))
    scales = {name: _scale([one.signs[name] for one in examples]) for name in names}
    problem = _problem(examples, names, scales)
    weights_KS, bias_K = _solved(problem)
    causes = {
        code: Weights(
            bias=_short(bias),
            signs={
                name: _short(weight)
                for name, weight in zip(names, row, strict=True)
                if _short(weight)
            },
        )
        for code, row, bias in zip(CODES, weights_KS, bias_K, strict=True)
    }
    return Model(scales=scales, causes=causes, doubt=NO_DOUBT)


def _short(value: float) -> float:
    """Returns 0 for a weight that moves no probability by a hundredth."""
    return round(float(value), _DIGITS) if abs(value) > _LEAST_WEIGHT else 0.0


def _scale(values: Sequence[float]) -> Scale:
    """Median and spread of the known values; a sign that never varies has spread 1."""
    known = np.array([value for value in values if np.isfinite(value)])
    if not known.size:
        return Scale(centre=0.0, spread=1.0)
    low, centre, high = np.quantile(known, [0.1, 0.5, 0.9])
    spread = max((high - low) / _NORMAL_SPREAD, _LEAST_SPREAD * float(known.std()))
    return Scale(centre=float(f"{centre:.4g}"), spread=float(f"{spread:.4g}") or 1.0)


def _problem(
    examples: Sequence[Example], names: Sequence[str], scales: Mapping[str, Scale]
) -> _Problem:
    signs_NS = np.array([[one.signs[name] for name in names] for one in examples])
    centre_S = np.array([scales[name].centre for name in names])
    spread_S = np.array([scales[name].spread for name in names])
    deviation_NS = np.clip((signs_NS - centre_S) / spread_S, -MOST_DEVIATION, MOST_DEVIATION)
    targets_NK = np.array(
        [[(code in one.leaves) / len(one.leaves) for code in CODES] for one in examples]
    )
    # nothing can be learned of a cause without an example, not even that it is rare
    is_known_K = targets_NK.any(axis=0)
    possible_NK = is_known_K & np.array(
        [[code in one.possible | one.leaves for code in CODES] for one in examples]
    )
    counts_K = np.maximum(targets_NK.sum(axis=0), 1)
    weight_N = (targets_NK * counts_K**BALANCE).sum(axis=1)
    weight_N *= len(examples) / weight_N.sum()
    return _Problem(
        signs_NS=np.vstack([np.nan_to_num(deviation_NS)] * 2),
        targets_NK=np.vstack([targets_NK] * 2),
        is_possible_NK=np.vstack([possible_NK, np.ones_like(possible_NK) & is_known_K]),
        weight_N=np.concatenate([weight_N * (1 - SHARE_AMONG_ALL), weight_N * SHARE_AMONG_ALL]),
        expected_KS=np.array(
            [[EXPECTED.get(code, {}).get(name, 0.0) for name in names] for code in CODES]
        ),
        bias_K=np.array([RARE.get(code, 0.0) for code in CODES]),
    )


def _solved(problem: _Problem) -> tuple[DoubleArray, DoubleArray]:
    """Returns weights and biases of the least loss."""
    num_causes, num_signs = problem.expected_KS.shape
    num_own, num_shared = num_causes * num_signs, len(_FAMILIES) * num_signs

    def parts(free: DoubleArray) -> tuple[DoubleArray, DoubleArray, DoubleArray]:
        own_KS = free[:num_own].reshape(num_causes, num_signs)
        shared_FS = free[num_own : num_own + num_shared].reshape(-1, num_signs)
        return own_KS, shared_FS, free[num_own + num_shared :]

    def loss(free: DoubleArray) -> tuple[float, DoubleArray]:
        own_KS, shared_FS, bias_K = parts(free)
        weights_KS = problem.expected_KS + own_KS + _MEMBERS_KF @ shared_FS
        value, slope_NK = _cross_entropy(problem, weights_KS, bias_K + problem.bias_K)
        slope_KS = slope_NK.T @ problem.signs_NS
        value += RIDGE / 2 * float((own_KS**2).sum() + (shared_FS**2).sum())
        value += RIDGE_OF_BIAS / 2 * float((bias_K**2).sum())
        slope = np.concatenate(
            [
                (slope_KS + RIDGE * own_KS).ravel(),
                (_MEMBERS_KF.T @ slope_KS + RIDGE * shared_FS).ravel(),
                slope_NK.sum(axis=0) + RIDGE_OF_BIAS * bias_K,
            ]
        )
        return value, slope

    start = np.zeros(num_own + num_shared + num_causes)
    found = minimize(
        loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _MOST_ITERATIONS}
    )
    own_KS, shared_FS, bias_K = parts(found.x)
    return problem.expected_KS + own_KS + _MEMBERS_KF @ shared_FS, bias_K + problem.bias_K


def _cross_entropy(
    problem: _Problem, weights_KS: DoubleArray, bias_K: DoubleArray
) -> tuple[float, DoubleArray]:
    """Returns the weighted sum over examples, and its slope by their scores."""
    scores_NK = problem.signs_NS @ weights_KS.T + bias_K
    scores_NK = np.where(problem.is_possible_NK > 0, scores_NK, -np.inf)
    scores_NK -= scores_NK.max(axis=1, keepdims=True)
    logs_NK = scores_NK - np.log(np.exp(scores_NK).sum(axis=1, keepdims=True))
    is_right_NK = problem.targets_NK > 0
    value = -(
        problem.weight_N[:, None] * problem.targets_NK * np.where(is_right_NK, logs_NK, 0)
    ).sum()
    return float(value), problem.weight_N[:, None] * (np.exp(logs_NK) - problem.targets_NK)
