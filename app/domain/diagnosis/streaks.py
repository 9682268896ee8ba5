"""Stretches of successive probes that all show the same, because a single probe is noisy.

Legend: n probes.
"""

from dataclasses import dataclass

import numpy as np

from app.domain.diagnosis.explosions import BoolArray
from app.domain.telemetry import DoubleArray


@dataclass(frozen=True, kw_only=True)
class Streak:
    """Successive probes at which a condition held."""

    first_step: int
    last_step: int
    num_probes: int
    #: Whether the latest probe is one of them.
    is_present: bool


def latest_streak(steps_n: DoubleArray, holds_n: BoolArray, *, least: int) -> Streak | None:
    """Returns the latest stretch of at least `least` probes at which the condition held."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], holds_n, [False]]).astype(np.int8)))
    for first, end in zip(edges[-2::-2], edges[-1::-2], strict=True):
        if end - first >= least:
            return Streak(
                first_step=int(steps_n[first]),
                last_step=int(steps_n[end - 1]),
                num_probes=int(end - first),
                is_present=bool(end == holds_n.size),
            )
    return None


def rolling_median(values_n: DoubleArray, *, size: int) -> DoubleArray:
    """Returns (n,) medians of each value and the `size` - 1 before it; of the first ones, fewer."""
    num_first = min(size - 1, values_n.size)
    first = np.array([np.median(values_n[:end]) for end in range(1, num_first + 1)])
    if num_first == values_n.size:
        return first
    windows = np.lib.stride_tricks.sliding_window_view(values_n, size)
    return np.concatenate([first, np.median(windows, axis=1)])


def recent_median(values_n: DoubleArray, *, least: int) -> float | None:
    """Returns the median of the last `least` values; None if there are fewer."""
    return float(np.median(values_n[-least:])) if values_n.size >= least else None
