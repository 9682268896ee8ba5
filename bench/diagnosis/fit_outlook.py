"""Fits the outlook and writes its coefficients beside the domain's code.

    OMP_NUM_THREADS=1 python -m bench.diagnosis.fit_outlook [--runs FOLDER]

The probabilities that the quantiles of the end rest on come from models that saw no run of the same
family of tasks. Legend: N examples, T terms, Q parts of a change.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
from scipy import sparse
from scipy.optimize import linprog, minimize

from app.domain.diagnosis.outlook import model as outlook
from app.domain.diagnosis.outlook.model import (
    Foreseen,
    OutlookModel,
    Quantiles,
    Term,
    parts_of_change,
)
from app.domain.telemetry import DoubleArray
from bench.diagnosis.outlook_example import Seen, seen_in
from bench.diagnosis.stored import RUNS

COEFFICIENTS = Path(outlook.__file__).with_name("coefficients.json")
#: Standardised features are cut off here; a term of one side begins at half a spread.
_MOST, _SIDE = 2.5, 0.5
#: Feature -> the bounds of its term; the first five are the curve and the trend of the reach.
_SIDES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "level": (-_MOST, _MOST),
        "gain_ahead": (-_MOST, _MOST),
        "log_share": (-_MOST, _MOST),
        "reach_growth": (-_MOST, _MOST),
        "mechanism": (0.0, 1.0),
        "best_above_floor": (-_MOST, _MOST),
        "behind_reference": (-_MOST, _MOST),
        "by_heart": (0.0, _MOST - _SIDE),
        "loss_above_start": (-_MOST, _MOST),
        "lyapunov_last": (_SIDE - _MOST, 0.0),
        "ratio_last": (_SIDE - _MOST, 0.0),
        "rise_most": (-_MOST, _MOST),
        "step_gain_least": (_SIDE - _MOST, 0.0),
        "update_late": (_SIDE - _MOST, 0.0),
        "weights_grew": (_SIDE - _MOST, 0.0),
    }
)
_RIDGE = 4.0
#: Standard deviations between the tenth and the ninetieth percentile of a normal distribution.
_NORMAL_SPREAD, _LEAST_SPREAD = 2.563, 0.25
_QUANTILES = (0.1, 0.5, 0.9)
_DIGITS = 3
_NO_END = Quantiles(low={}, middle={}, high={})


def fitted(examples: Sequence[Seen]) -> OutlookModel:
    """Returns the model with the quantiles of the end."""
    families = sorted({one.family for one in examples})
    held = {
        family: probabilities([one for one in examples if one.family != family])
        for family in families
    }
    parts_NQ, change_N = _changes(examples, held)
    low, middle, high = (_quantile(parts_NQ, change_N, level) for level in _QUANTILES)
    end = Quantiles(low=low, middle=middle, high=high)
    return probabilities(examples).model_copy(update={"end": end})


def probabilities(examples: Sequence[Seen]) -> OutlookModel:
    """Returns the ordered logistic model without quantiles, with ridge on its weights."""
    terms = tuple(_term(name, examples) for name in _SIDES)
    values_NT = np.array(
        [[term.standardised(one.view.features[term.feature]) for term in terms] for one in examples]
    )
    targets_2N = np.array(
        [
            [one.ended_no_better for one in examples],
            [one.ended_not_learned for one in examples],
        ],
        dtype=np.float64,
    )

    def loss(free: DoubleArray) -> tuple[float, DoubleArray]:
        scores_2N = free[:2, None] + values_NT @ free[2:]
        surprise = np.logaddexp(0, scores_2N) - targets_2N * scores_2N
        slope_2N = 1 / (1 + np.exp(-scores_2N)) - targets_2N
        value = float(surprise.sum() + _RIDGE / 2 * (free[2:] ** 2).sum())
        weights = values_NT.T @ slope_2N.sum(axis=0) + _RIDGE * free[2:]
        return value, np.concatenate([slope_2N.sum(axis=1), weights])

    start = np.zeros(2 + len(terms))
    found = minimize(loss, start, jac=True, method="L-BFGS-B").x
    no_better, not_learned, *weights = (round(float(value), _DIGITS) for value in found)
    return OutlookModel(
        terms=tuple(
            term.model_copy(update={"weight": weight})
            for term, weight in zip(terms, weights, strict=True)
        ),
        no_better=no_better,
        not_learned=not_learned,
        end=_NO_END,
    )


def _term(name: str, examples: Sequence[Seen]) -> Term:
    """Returns the term without its weight: the middle and the spread of the known values."""
    low, high = _SIDES[name]
    if name == "mechanism":
        return Term(feature=name, centre=0.0, spread=1.0, low=low, high=high, weight=0.0)
    values = np.array([one.view.features[name] for one in examples])
    known = values[np.isfinite(values)]
    least, middle, most = np.quantile(known, [0.1, 0.5, 0.9])
    spread = max((most - least) / _NORMAL_SPREAD, _LEAST_SPREAD * float(known.std()))
    # a term of one side begins half a spread beyond the middle
    shift = (_SIDE if low == 0 else -_SIDE if high == 0 else 0.0) * spread
    return Term(
        feature=name,
        centre=float(f"{middle + shift:.4g}"),
        spread=float(f"{spread:.4g}"),
        low=low,
        high=high,
        weight=0.0,
    )


def _changes(
    examples: Sequence[Seen], held: Mapping[str, OutlookModel]
) -> tuple[DoubleArray, DoubleArray]:
    """Returns the parts of each change of height until the end, and the changes."""
    rows, changes = [], []
    for one in examples:
        seen = foreseen_by(held[one.family], one)
        parts = parts_of_change(one.view, no_better=seen.no_better, not_learned=seen.not_learned)
        rows.append(list(parts.values()))
        changes.append(one.end_height - one.view.height)
    return np.array(rows), np.array(changes)


def foreseen_by(model: OutlookModel, example: Seen) -> Foreseen:
    return model.foresee(example.view)


def _quantile(parts_NQ: DoubleArray, change_N: DoubleArray, level: float) -> Mapping[str, float]:
    """Returns the weights of the linear quantile, by linear programming (Koenker 1978)."""
    num_examples, num_parts = parts_NQ.shape
    identity = sparse.eye(num_examples)
    found = linprog(
        np.concatenate(
            [
                np.zeros(2 * num_parts),
                np.full(num_examples, level),
                np.full(num_examples, 1 - level),
            ]
        ),
        A_eq=sparse.hstack([parts_NQ, -parts_NQ, identity, -identity]).tocsc(),
        b_eq=change_N,
        bounds=(0, None),
        method="highs",
    ).x
    weights = found[:num_parts] - found[num_parts : 2 * num_parts]
    return {
        name: round(float(weight), _DIGITS) for name, weight in zip(PARTS, weights, strict=True)
    }


PARTS = (
    "constant",
    "learned",
    "learned_ahead",
    "way_ahead",
    "no_better",
    "below_baseline_ahead",
    "above_baseline_ahead",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=Path, default=RUNS)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--to", type=Path, default=COEFFICIENTS)
    chosen = parser.parse_args()
    examples = seen_in(chosen.runs, processes=chosen.processes)
    model = fitted(examples)
    chosen.to.write_text(json.dumps(model.model_dump(), indent=1) + "\n")
    print(f"fitted to {len(examples)} examples; see {chosen.to}")


if __name__ == "__main__":
    main()
