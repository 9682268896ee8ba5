"""Whether confidences mean their numbers: Brier score and error in bins of equal count."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.telemetry import DoubleArray

NUM_BINS = 4
_NUM_SAMPLES = 2000


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """How far confidences lie from the shares that came true."""

    cases: int
    brier: float
    #: Mean absolute difference of confidence and share over the bins.
    error: float
    #: The error that perfectly calibrated confidences have by chance: mean over simulated outcomes.
    floor: float
    #: Mean confidence and share that came true in each bin, the least confident first.
    bins: tuple[tuple[float, float], ...]


def calibration(confidences: Sequence[float], came_true: Sequence[bool]) -> Calibration | None:
    """Returns None for fewer cases than bins."""
    if len(confidences) < NUM_BINS:
        return None
    confidence_n, true_n = np.array(confidences), np.array(came_true, dtype=np.float64)
    rng = np.random.default_rng(0)
    drawn_SN = (rng.random((_NUM_SAMPLES, len(confidence_n))) < confidence_n).astype(np.float64)
    return Calibration(
        cases=len(confidence_n),
        brier=float(((confidence_n - true_n) ** 2).mean()),
        error=binned_error(confidence_n, true_n),
        bins=tuple(
            (float(confidence_n[part].mean()), float(true_n[part].mean()))
            for part in _bins(confidence_n)
        ),
        floor=float(np.mean([binned_error(confidence_n, drawn_n) for drawn_n in drawn_SN])),
    )


def binned_error(confidence_n: DoubleArray, true_n: DoubleArray) -> float:
    """Mean over bins of |mean confidence - share that came true|."""
    return float(
        np.mean(
            [abs(confidence_n[part].mean() - true_n[part].mean()) for part in _bins(confidence_n)]
        )
    )


def _bins(confidence_n: DoubleArray) -> list[NDArray[np.intp]]:
    return np.array_split(np.argsort(confidence_n, kind="stable"), NUM_BINS)
