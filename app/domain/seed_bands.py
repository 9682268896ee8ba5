"""Summarises the curves of runs that differ in their seed alone: a band, and the median in it.

Legend: n points of one seed, s seeds, b buckets of steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class SeedCurve:
    """Points of one quantity of one seed. Values may be NaN or infinite."""

    #: (n,) ascending optimizer steps, at least one.
    steps_n: IntArray
    values_n: FloatArray


@dataclass(frozen=True, kw_only=True)
class SeedBand:
    """What the seeds have in common, by bucket of steps. NaN where no seed has a number."""

    #: (b,) last step of each bucket, ascending.
    steps_b: IntArray
    #: (b,) lowest and highest finite point of any seed.
    low_b: FloatArray
    high_b: FloatArray
    #: (b,) median over the seeds of the last point of each.
    median_b: FloatArray
    #: (b,) seeds of which the median is.
    num_seeds_b: IntArray


def band_of(curves: Sequence[SeedCurve], *, max_buckets: int) -> SeedBand:
    """Returns the band of one or more curves. It contains every finite point of every seed.

    Each step at which a seed has a point is a bucket where there are at most `max_buckets` of
    them; otherwise neighbouring steps share one. A seed without a point in a bucket counts with its
    last one before, from its first point to its last one.
    """
    steps = np.unique(np.concatenate([curve.steps_n for curve in curves]))
    width = max(1, -(-steps.size // max_buckets))
    ends = np.append(np.arange(width - 1, steps.size - 1, width), steps.size - 1)
    steps_b = steps[ends]
    places = [np.searchsorted(steps_b, curve.steps_n) for curve in curves]
    last_sb = np.array(
        [_last(curve, own, steps_b) for curve, own in zip(curves, places, strict=True)]
    )
    low_b, high_b = _extrema(last_sb, curves, places)
    num_seeds_b = np.isfinite(last_sb).sum(axis=0)
    has_seed_b = num_seeds_b > 0
    median_b = np.full(steps_b.size, np.nan)
    median_b[has_seed_b] = np.nanmedian(last_sb[:, has_seed_b], axis=0)
    return SeedBand(
        steps_b=steps_b, low_b=low_b, high_b=high_b, median_b=median_b, num_seeds_b=num_seeds_b
    )


def _last(curve: SeedCurve, own_n: IntArray, steps_b: IntArray) -> FloatArray:
    """Returns (b,) the last point by the end of each bucket; NaN outside the curve's steps."""
    at_b = np.searchsorted(curve.steps_n, steps_b, side="right") - 1
    is_there_b = (at_b >= 0) & (np.arange(steps_b.size) <= own_n[-1])
    found_b = np.where(is_there_b, curve.values_n[np.maximum(at_b, 0)], np.nan)
    return np.where(np.isfinite(found_b), found_b, np.nan)


def _extrema(
    last_sb: FloatArray, curves: Sequence[SeedCurve], places: Sequence[IntArray]
) -> tuple[FloatArray, FloatArray]:
    """Returns (b,) the lowest and (b,) the highest number of each bucket."""
    is_known_sb = np.isfinite(last_sb)
    low_b = np.where(is_known_sb, last_sb, np.inf).min(axis=0)
    high_b = np.where(is_known_sb, last_sb, -np.inf).max(axis=0)
    for curve, own_n in zip(curves, places, strict=True):
        is_finite_n = np.isfinite(curve.values_n)
        np.minimum.at(low_b, own_n[is_finite_n], curve.values_n[is_finite_n])
        np.maximum.at(high_b, own_n[is_finite_n], curve.values_n[is_finite_n])
    is_empty_b = low_b > high_b
    return np.where(is_empty_b, np.nan, low_b), np.where(is_empty_b, np.nan, high_b)
