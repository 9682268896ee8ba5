"""Intervals of shares by resampling base tasks, because runs of one task are alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.domain.telemetry import DoubleArray

NUM_RESAMPLES = 2000
LEVEL = 0.95


@dataclass(frozen=True, kw_only=True)
class Share:
    """A share of cases, with its interval."""

    hits: int
    cases: int
    low: float
    high: float

    @property
    def value(self) -> float:
        return self.hits / self.cases if self.cases else float("nan")

    def __str__(self) -> str:
        if not self.cases:
            return "no cases"
        return f"{self.value:.0%} [{self.low:.0%}, {self.high:.0%}] of {self.cases}"


def share_of(hits_by_task: Mapping[str, Sequence[bool]], *, seed: int = 0) -> Share:
    """Returns the share of hits over all tasks, with its 95 % interval."""
    counts_K = np.array([len(hits) for hits in hits_by_task.values()], dtype=np.float64)
    hits_K = np.array([sum(hits) for hits in hits_by_task.values()], dtype=np.float64)
    hits, cases = int(hits_K.sum()), int(counts_K.sum())
    if not cases:
        return Share(hits=0, cases=0, low=float("nan"), high=float("nan"))
    shares_R = resampled(hits_K, counts_K, seed=seed)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(shares_R, [tail, 1 - tail])
    return Share(hits=hits, cases=cases, low=float(low), high=float(high))


def resampled(hits_K: DoubleArray, counts_K: DoubleArray, *, seed: int) -> DoubleArray:
    """Returns the share in each resample of K tasks with replacement; resamples of no case go."""
    rng = np.random.default_rng(seed)
    chosen_RK = rng.integers(0, len(hits_K), (NUM_RESAMPLES, len(hits_K)))
    cases_R = counts_K[chosen_RK].sum(axis=1)
    shares_R: DoubleArray = hits_K[chosen_RK].sum(axis=1)[cases_R > 0] / cases_R[cases_R > 0]
    return shares_R
