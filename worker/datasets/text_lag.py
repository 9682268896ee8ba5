"""How many characters back a text depends on, by the held-out gain of context.

Contexts are the last few characters, by back-off n-grams, and single earlier characters, whatever
is between. What needs more text than is counted, or its meaning, is not seen.
Shapes: H held-out characters, S scored ones of them, C contexts in characters, from none.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from app.domain.data_facts import LongerContext
from app.domain.task import RequiredLag
from app.domain.telemetry import DoubleArray, IntArray
from worker.datasets.ngram_gain import Codes, ngram_probabilities
from worker.datasets.required_lag import TOLERANCE, drawn_means, estimated
from worker.datasets.skip_gain import MAX_SKIP, Skips, helpful_lags

#: Characters that are counted, and characters that are scored, in evenly spaced stretches.
MAX_COUNTED = 200_000
MAX_HELD_OUT = 20_000
NUM_STRETCHES = 8
#: Longest context of successive characters: longer ones hardly ever occur twice in so much text.
MAX_CONTEXT = 30
MIN_COUNTED, MIN_HELD_OUT = 1000, 500
#: Standard errors by which a longer context is better by chance in one of twenty cases.
CHANCE_ERRORS = 1.645
TOO_FEW = "too few characters to estimate it from"


@dataclass(frozen=True, kw_only=True)
class TextContext:
    """What each number of last characters tells of the next one."""

    #: −ln P of the characters that no weight was fitted to.
    surprise_CS: DoubleArray

    @classmethod
    def of(cls, train: IntArray, held_out: IntArray, num_symbols: int) -> Self | None:
        """From codes below num_symbols; None for too few characters."""
        if len(train) < MIN_COUNTED or len(held_out) < MIN_HELD_OUT:
            return None
        counted = _stretches(train, MAX_COUNTED)
        scored = _stretches(held_out, MAX_HELD_OUT)
        probability_CH = ngram_probabilities(
            counted, scored, num_symbols, longest=MAX_CONTEXT, first=MAX_SKIP
        )
        skips = Skips.of(counted, scored, num_symbols, first=MAX_SKIP)
        return cls(surprise_CS=_surprises(skips, probability_CH))

    def required_lag(self, *, length: int) -> RequiredLag:
        """The lag of sequences of this length."""
        shown_CS = self.surprise_CS[: length + 1]
        return estimated(
            shown_CS.mean(axis=1),
            by="a back-off n-gram that may skip characters",
            is_cut_short=len(shown_CS) <= length,
            drawn_RC=drawn_means(shown_CS),
        )

    def longer_context(self, *, length: int) -> LongerContext | None:
        """What characters before sequences of this length would tell."""
        loss_C = self.surprise_CS.mean(axis=1)
        if len(loss_C) <= length + 1:
            return None
        within = int(loss_C[: length + 1].argmin())
        beyond = length + 1 + int(loss_C[length + 1 :].argmin())
        apart_S = self.surprise_CS[within] - self.surprise_CS[beyond]
        return LongerContext.of(
            loss_C.tolist(),
            shown=length,
            tolerance=TOLERANCE,
            chance=CHANCE_ERRORS * float(apart_S.std()) / float(np.sqrt(len(apart_S))),
        )


def _surprises(skips: Skips, probability_CH: DoubleArray) -> DoubleArray:
    """(C, S) by n-grams, and from where they help by earlier characters as well."""
    surprise_CS = -np.log(probability_CH[:, ~skips.is_fitted_H])
    loss_C = surprise_CS.mean(axis=1)
    enough = int(np.argmax(loss_C <= loss_C.min() + TOLERANCE))
    known_H = probability_CH[enough]
    lags = sorted(helpful_lags(skips, known_H, farthest=MAX_SKIP))
    rows = list(surprise_CS)
    rows += [rows[-1]] * (MAX_SKIP + 1 - len(rows))
    for lag in lags:
        known_H = skips.added(known_H, lag)
        better_S = -np.log(known_H[~skips.is_fitted_H])
        for context in range(max(lag, enough), len(rows)):
            if better_S.mean() < rows[context].mean():
                rows[context] = better_S
    return np.array(rows)


def _stretches(codes: IntArray, most: int) -> Codes:
    """Evenly spaced stretches, concatenated; few n-grams span two of them."""
    if len(codes) > most:
        size = most // NUM_STRETCHES
        start_S = np.linspace(0, len(codes) - size, NUM_STRETCHES).astype(np.int64)
        codes = codes[(start_S[:, None] + np.arange(size)).ravel()]
    return codes.astype(np.int64)


def estimate_text_lag(
    train: IntArray, held_out: IntArray, num_symbols: int, *, length: int
) -> RequiredLag:
    """The lag of a text of codes below num_symbols; `length` is that of training sequences."""
    context = TextContext.of(train, held_out, num_symbols)
    return RequiredLag(method=TOO_FEW) if context is None else context.required_lag(length=length)
