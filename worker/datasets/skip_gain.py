"""Which earlier characters tell more of the next one than the last few do, with any between.

An n-gram meets a context of eleven characters again only if all eleven recur. A pair of characters,
the last one and one so many places before it, recurs often whatever is between them. Lags are added
one by one, the best first, because an echo of an echo tells something too.
Shapes: N counted positions, H held-out ones, G classes of context characters, V symbols.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from app.domain.telemetry import DoubleArray
from worker.datasets.ngram_gain import Codes, Mask, is_fitted, kinds_of, mix
from worker.datasets.required_lag import TOLERANCE

#: Farthest character, in places before the one that is to be told.
MAX_SKIP = 64
#: Characters that are added at most, and those that are tried again after the first.
MAX_ADDED = 3
MAX_TRIED_AGAIN = 8
#: Counts of one table. Where the text has many symbols, rare ones share a class of contexts.
MAX_CELLS = 2**20
#: Standard errors that the gain of a lag must have: the best of 64 is also the luckiest.
MIN_ERRORS = 3.0


@dataclass(frozen=True, kw_only=True)
class Skips:
    """Counted and held-out text, ready to be asked for pairs of characters."""

    #: Counted text, then held-out text.
    text: Codes
    #: The same in classes of contexts.
    classes: Codes
    num_classes: int
    num_symbols: int
    counted_N: Codes
    held_out_H: Codes

    @classmethod
    def of(cls, counted: Codes, held_out: Codes, num_symbols: int, *, first: int) -> Self:
        """Asks for the characters from the `first` one on of both parts."""
        text = np.concatenate([counted, held_out])
        num_classes = max(2, min(num_symbols, int(np.sqrt(MAX_CELLS / num_symbols))))
        rank_V = np.argsort(np.argsort(-np.bincount(text, minlength=num_symbols), kind="stable"))
        return cls(
            text=text,
            classes=np.minimum(rank_V, num_classes - 1)[text],
            num_classes=num_classes,
            num_symbols=num_symbols,
            counted_N=np.arange(first, len(counted)),
            held_out_H=np.arange(len(counted) + first, len(text)),
        )

    @property
    def is_fitted_H(self) -> Mask:  # noqa: N802 - a tensor's name
        return is_fitted(self.held_out_H)

    def added(self, probability_H: DoubleArray, lag: int) -> DoubleArray:
        """(H,) probabilities that also know the character `lag` places before each one."""
        far_N, far_H = self.classes[self.counted_N - lag], self.classes[self.held_out_H - lag]
        last_N, last_H = self.classes[self.counted_N - 1], self.classes[self.held_out_H - 1]
        alone_H = self._mixed(probability_H, far_N, far_H, self.num_classes)
        return self._mixed(
            alone_H,
            far_N * self.num_classes + last_N,
            far_H * self.num_classes + last_H,
            self.num_classes**2,
        )

    def _mixed(
        self, probability_H: DoubleArray, context_N: Codes, context_H: Codes, num_contexts: int
    ) -> DoubleArray:
        size = num_contexts * self.num_symbols
        code_N = context_N * self.num_symbols + self.text[self.counted_N]
        count_CV = np.bincount(code_N, minlength=size).reshape(num_contexts, self.num_symbols)
        count_C = count_CV.sum(axis=1)
        kind_C = kinds_of(count_C, count_CV.max(axis=1))
        share_H = (
            count_CV[context_H, self.text[self.held_out_H]] / np.maximum(count_C, 1)[context_H]
        )
        is_met_H = count_C[context_H] > 0
        mixed_H = probability_H.copy()
        mixed_H[is_met_H] = mix(
            probability_H[is_met_H],
            share_H[is_met_H],
            kind_C[context_H[is_met_H]],
            is_fitted_N=self.is_fitted_H[is_met_H],
        )
        return mixed_H


def helpful_lags(skips: Skips, probability_H: DoubleArray, *, farthest: int) -> Sequence[int]:
    """Lags whose characters add to what is known, the most helpful first."""
    tried: Sequence[int] = range(2, farthest + 1)
    added: list[int] = []
    is_scored_H = ~skips.is_fitted_H
    while tried and len(added) < MAX_ADDED:
        found = {lag: skips.added(probability_H, lag) for lag in tried}
        gain_H = {lag: np.log(found[lag] / probability_H)[is_scored_H] for lag in tried}
        order = sorted(tried, key=lambda lag: -gain_H[lag].mean())
        if not _is_more(gain_H[order[0]]):
            break
        # in a text with a period each multiple of a lag tells about the same
        best = next(lag for lag in tried if not _is_more(gain_H[order[0]] - gain_H[lag]))
        added.append(best)
        probability_H = found[best]
        tried = sorted(lag for lag in order[: MAX_TRIED_AGAIN + 1] if lag != best)
    return added


def _is_more(gain_S: DoubleArray) -> bool:
    """Returns whether a gain in nats is more than is tolerated, and more than chance."""
    error = float(gain_S.std()) / float(np.sqrt(len(gain_S)))
    return float(gain_S.mean()) > max(TOLERANCE, MIN_ERRORS * error)
