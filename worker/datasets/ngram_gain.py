"""How far back a text is worth looking: the held-out gain of context in back-off n-grams.

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

#: Characters that are counted and held out: stretches, evenly spaced.
MAX_COUNTED = 200_000
MAX_HELD_OUT = 20_000
NUM_STRETCHES = 8
#: Longest context, in characters; with so many counted, longer ones are hardly ever met again.
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
    """`length` is that of the training sequences; codes are from 0 to num_symbols − 1."""
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
    """End to end: the few n-grams that span two of them do not matter."""
    if len(codes) > most:
        size = most // NUM_STRETCHES
        start_S = np.linspace(0, len(codes) - size, NUM_STRETCHES).astype(np.int64)
        codes = codes[(start_S[:, None] + np.arange(size)).ravel()]
    return codes.astype(np.int64)


def ngram_losses(
    counted: _Codes, held_out: _Codes, num_symbols: int, *, longest: int
) -> DoubleArray:
    """Mean −ln P of the held-out characters that no weight was fitted to, by context.

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
            farther_N = text[position_N[live_N] - size]
            context_N = _renumbered(context_N * num_symbols + farther_N)
            is_met_N = _is_on_both_sides(context_N, is_held_out_N[live_N])
            live_N, context_N = live_N[is_met_N], _renumbered(context_N[is_met_N])
        followed = _count(
            context_N * num_symbols + text[position_N[live_N]],
            context_N,
            is_counted_N=~is_held_out_N[live_N],
        )
        is_fitted_N = is_held_out_N[live_N] & ~is_scored_N[live_N]
        probability_N[live_N] = _mixed(followed, probability_N[live_N], is_fitted_N)
        losses.append(-np.log(probability_N[is_scored_N]).mean())
    return np.array(losses)


def _renumbered(codes_N: _Codes) -> _Codes:
    numbers_N: _Codes = np.unique(codes_N, return_inverse=True)[1].astype(np.int64)
    return numbers_N


def _is_on_both_sides(context_N: _Codes, is_held_out_N: _Mask) -> _Mask:
    size = int(context_N.max(initial=-1)) + 1
    is_met_2C = np.zeros((2, size), dtype=np.bool_)
    is_met_2C[0, context_N[is_held_out_N]] = True
    is_met_2C[1, context_N[~is_held_out_N]] = True
    is_met_N: _Mask = (is_met_2C[0] & is_met_2C[1])[context_N]
    return is_met_N


@dataclass(frozen=True, kw_only=True)
class _Followed:
    """What followed each position's context in the counted text."""

    #: Share of the times in which the position's own next character did.
    share_N: DoubleArray
    #: Contexts of one kind are trusted alike.
    kind_N: _Codes


def _count(pair_codes_N: _Codes, context_N: _Codes, *, is_counted_N: _Mask) -> _Followed:
    pair_N = _renumbered(pair_codes_N)
    count_P = np.bincount(pair_N[is_counted_N], minlength=int(pair_N.max(initial=-1)) + 1)
    seen_N = np.bincount(context_N[is_counted_N])[context_N]
    most_C = np.zeros(int(context_N.max(initial=-1)) + 1, dtype=np.int64)
    np.maximum.at(most_C, context_N, count_P[pair_N])
    log_count_N = np.minimum(np.log2(seen_N).astype(np.int64), MAX_LOG_COUNT)
    is_alone_N = most_C[context_N] == seen_N
    return _Followed(share_N=count_P[pair_N] / seen_N, kind_N=2 * log_count_N + is_alone_N)


def _mixed(followed: _Followed, shorter_N: DoubleArray, is_fitted_N: _Mask) -> DoubleArray:
    """P of each next character; no weight is exactly 0 or 1, so none becomes impossible."""
    kind_N, share_N, other_N = (
        part_N[is_fitted_N] for part_N in (followed.kind_N, followed.share_N, shorter_N)
    )
    # of a sum of logarithms of mixtures, concave in each weight, the slope is bisected; half an
    # observation either way keeps a kind that was met once from being trusted wholly
    num_kinds = 2 * (MAX_LOG_COUNT + 1)
    low_K, high_K = np.zeros(num_kinds), np.ones(num_kinds)
    for _ in range(NUM_ROUNDS):
        weight_K = (low_K + high_K) / 2
        mixed_N = other_N + weight_K[kind_N] * (share_N - other_N)
        slope_K = np.bincount(kind_N, (share_N - other_N) / mixed_N, minlength=num_kinds)
        is_rising_K = slope_K + 0.5 / weight_K - 0.5 / (1 - weight_K) > 0
        low_K = np.where(is_rising_K, weight_K, low_K)
        high_K = np.where(is_rising_K, high_K, weight_K)
    weight_N = ((low_K + high_K) / 2)[followed.kind_N]
    probability_N: DoubleArray = weight_N * followed.share_N + (1 - weight_N) * shorter_N
    return probability_N
