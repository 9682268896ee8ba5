"""Probabilities of held-out characters by back-off n-grams, with contexts of each length.

Each length of context mixes what followed it in the counted text with what the next shorter one
says (Jelinek & Mercer 1980); the weight of a context goes by how often it was counted and whether
one character alone followed, and is fitted to every other held-out character. Fixed discounts made
long contexts worse than short ones.
Shapes: N positions, counted ones first, then held-out ones; H held-out ones; C contexts in
characters, from none.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.telemetry import DoubleArray

#: Halvings of the interval that holds a weight.
NUM_ROUNDS = 14
#: Contexts are told apart by the logarithm to base 2 of their count up to this.
MAX_LOG_COUNT = 10

Codes = NDArray[np.int64]
Mask = NDArray[np.bool_]


def ngram_probabilities(
    counted: Codes, held_out: Codes, num_symbols: int, *, longest: int, first: int
) -> DoubleArray:
    """(C, H) the probability of each held-out character from the `first` one on, by context.

    Weights are fitted to the characters that `is_fitted` says. A position is dropped as soon as its
    context is met on one side alone: from there on it changes no count that is asked for, so each
    longer context costs less.
    """
    text = np.concatenate([counted, held_out])
    first_held_out = len(counted) + first
    position_N = np.r_[first : len(counted), first_held_out : len(text)]
    is_held_out_N = position_N >= first_held_out
    may_fit_N = is_held_out_N & is_fitted(position_N)
    probability_N = np.full(len(position_N), 1 / num_symbols)
    live_N = np.arange(len(position_N))
    context_N = np.zeros(len(position_N), dtype=np.int64)
    found = []
    for size in range(longest + 1):
        if size > 0:
            context_N = context_N * num_symbols + text[position_N[live_N] - size]
        pairs = _Pairs.of(context_N, text[position_N[live_N]], is_held_out_N[live_N], num_symbols)
        is_met_N = pairs.is_met_P[pairs.pair_N]
        live_N, pair_N = live_N[is_met_N], pairs.pair_N[is_met_N]
        context_N = pairs.context_P[pair_N]
        mixed = mix(
            probability_N[live_N],
            pairs.share_P[pair_N],
            pairs.kind_P[pair_N],
            is_fitted_N=may_fit_N[live_N],
        )
        probability_N[live_N] = mixed
        found.append(probability_N[is_held_out_N])
    return np.array(found)


def is_fitted(position_N: Codes) -> Mask:
    """(N,) whether weights are fitted to the characters at these positions; others are scored.

    About half of them, without a period, since texts have one. Knuth's multiplicative hash.
    """
    is_odd_N: Mask = (position_N * 2_654_435_761 >> 15) % 2 == 1
    return is_odd_N


def mix(
    shorter_N: DoubleArray, share_N: DoubleArray, kind_N: Codes, *, is_fitted_N: Mask
) -> DoubleArray:
    """(N,) mixtures of probabilities with shares of counts, with a weight for each kind."""
    weight_K = _weights(kind_N[is_fitted_N], share_N[is_fitted_N], shorter_N[is_fitted_N])
    mixed_N: DoubleArray = shorter_N + weight_K[kind_N] * (share_N - shorter_N)
    return mixed_N


def kinds_of(count_C: Codes, most_C: Codes) -> Codes:
    """(C,) kind of contexts by how often each was counted, and its most frequent successor.

    Contexts of one kind are trusted alike.
    """
    log_count_C = np.minimum(np.log2(np.maximum(count_C, 1)).astype(np.int64), MAX_LOG_COUNT)
    kind_C: Codes = 2 * log_count_C + (most_C == count_C)
    return kind_C


@dataclass(frozen=True, kw_only=True)
class _Pairs:
    """Every context with each character that follows it; P of them, by context."""

    pair_N: Codes
    #: Numbered from 0.
    context_P: Codes
    #: Whether the context was both counted and held out.
    is_met_P: Mask
    #: Share of the context's counts in which this character followed.
    share_P: DoubleArray
    #: Contexts of one kind are trusted alike.
    kind_P: Codes

    @classmethod
    def of(cls, context_N: Codes, next_N: Codes, is_held_out_N: Mask, num_symbols: int) -> "_Pairs":
        code_P, pair_N = np.unique(context_N * num_symbols + next_N, return_inverse=True)
        is_first_P = np.diff(code_P // num_symbols, prepend=-1) > 0
        context_P = np.cumsum(is_first_P) - 1
        first_C = np.flatnonzero(is_first_P)
        held_out_P = np.bincount(pair_N[is_held_out_N], minlength=len(code_P))
        count_P = np.bincount(pair_N, minlength=len(code_P)) - held_out_P
        count_C = np.add.reduceat(count_P, first_C)
        is_met_C = (count_C > 0) & (np.add.reduceat(held_out_P, first_C) > 0)
        kind_C = kinds_of(count_C, np.maximum.reduceat(count_P, first_C))
        return cls(
            pair_N=pair_N,
            context_P=context_P,
            is_met_P=is_met_C[context_P],
            share_P=count_P / np.maximum(count_C, 1)[context_P],
            kind_P=kind_C[context_P],
        )


def _weights(kind_N: Codes, share_N: DoubleArray, shorter_N: DoubleArray) -> DoubleArray:
    """Weight of each kind of context in the mixture, above 0 and below 1."""
    # of a sum of logarithms of mixtures, concave in each weight, the slope is bisected; half an
    # observation either way keeps a kind that was met once from being trusted wholly
    num_kinds = 2 * (MAX_LOG_COUNT + 1)
    low_K, high_K = np.zeros(num_kinds), np.ones(num_kinds)
    more_N = share_N - shorter_N
    for _ in range(NUM_ROUNDS):
        weight_K = (low_K + high_K) / 2
        slope_N = more_N / (shorter_N + weight_K[kind_N] * more_N)
        slope_K = np.bincount(kind_N, slope_N, minlength=num_kinds)
        is_rising_K = slope_K + 0.5 / weight_K - 0.5 / (1 - weight_K) > 0
        low_K = np.where(is_rising_K, weight_K, low_K)
        high_K = np.where(is_rising_K, high_K, weight_K)
    return (low_K + high_K) / 2
