"""Frequencies of the symbols that followed the last few symbols in the training part.

Shapes: T timesteps, B sequences, V symbols, n positions.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.domain.telemetry import DoubleArray, IntArray
from worker.datasets.task import Batch, Task
from worker.references.card import Fitted, ReferenceCard

#: Symbols of the longest context.
MAX_CONTEXT = 6
#: The last symbols of the training part that are counted.
MAX_SYMBOLS = 500_000
#: A context and the symbol after it are one integer below this.
MAX_CODE = 2**62


@dataclass(frozen=True, kw_only=True)
class NGrams:
    """Counts of the symbols after each context of one length, sorted."""

    #: context * V + symbol
    pairs_n: NDArray[np.int64]
    counts_n: DoubleArray
    num_symbols: int

    def smoothed(self, context_n: NDArray[np.int64], shorter_nV: DoubleArray) -> DoubleArray:
        """Returns (n, V) probabilities; `shorter_nV` are those of a shorter context.

        A shorter context has the weight of one observation for each symbol that followed
        (Witten & Bell 1991).
        """
        first_n = np.searchsorted(self.pairs_n, context_n * self.num_symbols)
        end_n = np.searchsorted(self.pairs_n, (context_n + 1) * self.num_symbols)
        kinds_n = end_n - first_n
        row_m = np.repeat(np.arange(len(context_n)), kinds_n)
        start_n = np.cumsum(kinds_n) - kinds_n
        place_m = np.arange(len(row_m)) - start_n[row_m] + first_n[row_m]
        mixed_nV = kinds_n[:, None] * shorter_nV
        symbol_m = self.pairs_n[place_m] % self.num_symbols
        mixed_nV[row_m, symbol_m] += self.counts_n[place_m]
        total_n = mixed_nV.sum(axis=1)
        is_seen_n = kinds_n > 0
        mixed_nV[is_seen_n] /= total_n[is_seen_n, None]
        mixed_nV[~is_seen_n] = shorter_nV[~is_seen_n]
        return mixed_nV


@dataclass(frozen=True, kw_only=True)
class BackOff:
    """Interpolated n-grams of all lengths up to one."""

    unigram_V: DoubleArray
    #: For contexts of 1, 2, ... symbols.
    longer: tuple[NGrams, ...]

    def cut(self, longest: int) -> "BackOff":
        """Returns the same model with contexts of at most so many symbols."""
        return BackOff(unigram_V=self.unigram_V, longer=self.longer[:longest])

    def __call__(self, batch: Batch) -> Tensor:
        """Returns (T, B, V) logarithms of probabilities."""
        num_symbols = len(self.unigram_V)
        codes_TB = batch.inputs_TBI.argmax(dim=-1).numpy().astype(np.int64)
        found_nV = np.tile(self.unigram_V, (codes_TB.size, 1))
        context_TB = np.zeros_like(codes_TB)
        for place, ngrams in enumerate(self.longer):
            shifted_TB = np.zeros_like(codes_TB)
            shifted_TB[place:] = codes_TB[: len(codes_TB) - place]
            context_TB = context_TB + shifted_TB * num_symbols**place
            is_whole_n = np.repeat(np.arange(len(codes_TB)) >= place, codes_TB.shape[1])
            context_n = context_TB.ravel()[is_whole_n]
            found_nV[is_whole_n] = ngrams.smoothed(context_n, found_nV[is_whole_n])
        return torch.from_numpy(np.log(found_nV)).reshape(*codes_TB.shape, num_symbols)


def count_ngrams(codes: IntArray, num_symbols: int) -> BackOff:
    """Returns the counts of the last MAX_SYMBOLS symbols."""
    codes_n = codes[-MAX_SYMBOLS:].astype(np.int64)
    unigram_V = np.bincount(codes_n, minlength=num_symbols) + 1.0
    return BackOff(
        unigram_V=unigram_V / unigram_V.sum(), longer=tuple(_ngrams(codes_n, num_symbols))
    )


def _ngrams(codes_n: NDArray[np.int64], num_symbols: int) -> Iterator[NGrams]:
    pairs_n = codes_n
    for length in range(1, MAX_CONTEXT + 1):
        if num_symbols ** (length + 1) >= MAX_CODE or len(codes_n) <= length:
            return
        # the oldest symbol of a context has the highest place
        pairs_n = codes_n[: len(codes_n) - length] * num_symbols**length + pairs_n[1:]
        found_n, counts_n = np.unique(pairs_n, return_counts=True)
        yield NGrams(pairs_n=found_n, counts_n=counts_n.astype(np.float64), num_symbols=num_symbols)


def fit_ngrams(task: Task, codes: IntArray) -> Fitted:
    """Returns the model with the contexts that are best for the validation part."""
    whole = count_ngrams(codes, task.facts.output_size)
    best, longest = whole, len(whole.longer)
    if "validation" in task.evaluation:
        losses = [
            task.score(whole.cut(length), "validation", like=torch.zeros(()))[task.facts.metric]
            for length in range(longest + 1)
        ]
        longest = int(np.argmin(losses))
        best = whole.cut(longest)
    num_counted = min(len(codes), MAX_SYMBOLS)
    return Fitted(
        card=CARD,
        predict=best,
        details=(
            f"contexts of up to {longest} symbols, counted in {num_counted} of {len(codes)} "
            "training symbols"
        ),
    )


CARD = ReferenceCard(
    name="n_grams",
    formula="p_k(w | c) = (count(c w) + kinds(c) p_{k-1}(w | c')) / (count(c) + kinds(c))",
    sees="the last symbols of a stretch together and in order, 6 at most",
    cost="n log n for each context length over the last n <= 500,000 symbols",
    source="interpolated n-grams (Witten & Bell 1991)",
    is_nonlinear=True,
)
