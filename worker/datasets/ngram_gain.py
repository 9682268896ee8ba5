"""The lag that a text needs, estimated from the held-out gain of context in back-off n-grams.

Each length of context mixes what followed it in the counted text with what the next shorter one
says (Jelinek & Mercer 1980); the weight of a context goes by how often it was counted and whether
one character alone followed, and is fitted to every other held-out character. Fixed discounts made
long contexts worse than short ones. What needs more text than is counted, or its meaning, is not
seen.
Shapes: N positions, counted ones first, then held-out ones; C contexts in characters, from none.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.task import RequiredLag
from app.domain.telemetry import DoubleArray, IntArray
from worker.datasets.required_lag import estimated

#: Characters that are counted, and characters that are scored, in evenly spaced stretches.
MAX_COUNTED = 200_000
MAX_HELD_OUT = 20_000
NUM_STRETCHES = 8
#: Longest context, in characters: longer ones hardly ever occur twice in this many characters.
MAX_CONTEXT = 30
MIN_COUNTED, MIN_HELD_OUT = 1000, 500
#: Halvings of the interval that holds a weight.
NUM_ROUNDS = 14
#: Contexts are told apart by the logarithm to base 2 of their count up to this.
MAX_LOG_COUNT = 10

_Codes = NDArray[np.int64]
_Mask = NDArray[np.bool_]


def estimate_text_lag(
    train: IntArray, held_out: IntArray, num_symbols: int, *, length: int
) -> RequiredLag:
    """The lag of a text of codes below num_symbols; `length` is that of training sequences."""
    if len(train) < MIN_COUNTED or len(held_out) < MIN_HELD_OUT:
        return RequiredLag(method="too few characters to estimate it from")
    longest = min(length, MAX_CONTEXT)
    loss_C = ngram_losses(
        _stretches(train, MAX_COUNTED),
        _stretches(held_out, MAX_HELD_OUT),
        num_symbols,
        longest=longest,
    )
    return estimated(loss_C, by="a back-off n-gram", is_cut_short=longest < length)


def _stretches(codes: IntArray, most: int) -> _Codes:
    """Evenly spaced stretches, concatenated; few n-grams span two of them."""
    if len(codes) > most:
        size = most // NUM_STRETCHES
        start_S = np.linspace(0, len(codes) - size, NUM_STRETCHES).astype(np.int64)
        codes = codes[(start_S[:, None] + np.arange(size)).ravel()]
    return codes.astype(np.int64)


def ngram_losses(
    counted: _Codes, held_out: _Codes, num_symbols: int, *, longest: int
) -> DoubleArray:
    """(C,) mean −ln P of the held-out characters that no weight was fitted to, by context.

    A position is dropped as soon as its context is met on one side alone: from there on it changes
    no count that is asked for, so each longer context costs less.
    """
    text = np.concatenate([counted, held_out])
    first_held_out = len(counted) + longest
    position_N = np.r_[longest : len(counted), first_held_out : len(text)]
    is_held_out_N = position_N >= first_held_out
    is_scored_N = is_held_out_N & (position_N % 2 == 0)
    probability_N = np.full(len(position_N), 1 / num_symbols)
    live_N = np.arange(len(position_N))
    context_N = np.zeros(len(position_N), dtype=np.int64)
    losses = []
    for size in range(longest + 1):
        if size > 0:
            context_N = context_N * num_symbols + text[position_N[live_N] - size]
        pairs = _Pairs.of(context_N, text[position_N[live_N]], is_held_out_N[live_N], num_symbols)
        is_met_N = pairs.is_met_P[pairs.pair_N]
        live_N, pair_N = live_N[is_met_N], pairs.pair_N[is_met_N]
        context_N = pairs.context_P[pair_N]
        kind_N, share_N, shorter_N = (
            pairs.kind_P[pair_N],
            pairs.share_P[pair_N],
            probability_N[live_N],
        )
        is_fitted_N = is_held_out_N[live_N] & ~is_scored_N[live_N]
        weight_K = _weights(kind_N[is_fitted_N], share_N[is_fitted_N], shorter_N[is_fitted_N])
        probability_N[live_N] += weight_K[kind_N] * (share_N - shorter_N)
        losses.append(-np.log(probability_N[is_scored_N]).mean())
    return np.array(losses)


@dataclass(frozen=True, kw_only=True)
class _Pairs:
    """Every context with each character that follows it; P of them, by context."""

    pair_N: _Codes
    #: Numbered from 0.
    context_P: _Codes
    #: Whether the context was both counted and held out.
    is_met_P: _Mask
    #: Share of the context's counts in which this character followed.
    share_P: DoubleArray
    #: Contexts of one kind are trusted alike.
    kind_P: _Codes

    @classmethod
    def of(
        cls, context_N: _Codes, next_N: _Codes, is_held_out_N: _Mask, num_symbols: int
    ) -> "_Pairs":
        code_P, pair_N = np.unique(context_N * num_symbols + next_N, return_inverse=True)
        is_first_P = np.diff(code_P // num_symbols, prepend=-1) > 0
        context_P = np.cumsum(is_first_P) - 1
        first_C = np.flatnonzero(is_first_P)
        held_out_P = np.bincount(pair_N[is_held_out_N], minlength=len(code_P))
        count_P = np.bincount(pair_N, minlength=len(code_P)) - held_out_P
        count_C = np.add.reduceat(count_P, first_C)
        is_met_C = (count_C > 0) & (np.add.reduceat(held_out_P, first_C) > 0)
        at_least_one_C = np.maximum(count_C, 1)
        log_count_C = np.minimum(np.log2(at_least_one_C).astype(np.int64), MAX_LOG_COUNT)
        is_alone_C = np.maximum.reduceat(count_P, first_C) == count_C
        return cls(
            pair_N=pair_N,
            context_P=context_P,
            is_met_P=is_met_C[context_P],
            share_P=count_P / at_least_one_C[context_P],
            kind_P=(2 * log_count_C + is_alone_C)[context_P],
        )


def _weights(kind_N: _Codes, share_N: DoubleArray, shorter_N: DoubleArray) -> DoubleArray:
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
