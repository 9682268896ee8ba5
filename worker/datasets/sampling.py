"""Training data: drawn anew at each step, or stored items in a seeded order."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np

from app.domain.scopes import SPLITS, Split
from app.domain.seeding import numpy_generator
from app.domain.task import TaskFacts
from app.domain.telemetry import IntArray
from worker.datasets.task import Batch

#: Sequences that a split of made or text data is evaluated on, where they are not too long.
EVALUATION_SEQUENCES = 256
MIN_EVALUATION_SEQUENCES = 16
#: Input numbers of one split: 16 MB in float32.
MAX_EVALUATION_NUMBERS = 4_000_000
Make = Callable[[np.random.Generator, int], Batch]


def evaluation_size(*, length: int, input_size: int) -> int:
    """Sequences that a split is evaluated on: fewer where they are long or wide."""
    affordable = MAX_EVALUATION_NUMBERS // (length * input_size)
    return min(EVALUATION_SEQUENCES, max(MIN_EVALUATION_SEQUENCES, affordable))


@dataclass(frozen=True, kw_only=True)
class MadeData:
    """Sequences that are drawn anew: no two steps share one."""

    make: Make
    #: `dataset.seed`.
    seed: int

    @property
    def num_items(self) -> int | None:
        """None, because each step has new sequences."""
        return None

    def batch(self, step: int, *, batch_size: int, seed: int) -> Batch:
        return self.make(numpy_generator(self.seed, "batch", seed, step), batch_size)

    def evaluation(self, facts: TaskFacts) -> dict[Split, Batch]:
        """One batch a split, drawn anew: `train` holds no sequence that a step trains on."""
        size = evaluation_size(length=facts.length, input_size=facts.input_size)
        return {
            split: self.make(numpy_generator(self.seed, "evaluation", split), size)
            for split in SPLITS
        }


@dataclass(frozen=True, kw_only=True)
class StoredData:
    """A finite number of items, each seen once an epoch, in the order of the training seed."""

    num_items: int
    #: Indices (B,) -> their batch.
    gather: Callable[[IntArray], Batch]

    def batch(self, step: int, *, batch_size: int, seed: int) -> Batch:
        positions_B = np.arange(step * batch_size, (step + 1) * batch_size)
        epochs_B, places_B = np.divmod(positions_B, self.num_items)
        index_B = np.empty(batch_size, dtype=np.int32)
        for epoch in range(int(epochs_B[0]), int(epochs_B[-1]) + 1):
            is_in_epoch_B = epochs_B == epoch
            index_B[is_in_epoch_B] = order(self.num_items, seed, epoch)[places_B[is_in_epoch_B]]
        return self.gather(index_B)


@dataclass(frozen=True, kw_only=True)
class BalancedData:
    """A finite number of items, drawn with replacement so that each class is equally likely."""

    #: Items of each class that occurs.
    members: tuple[IntArray, ...]
    #: Indices (B,) -> their batch.
    gather: Callable[[IntArray], Batch]

    @classmethod
    def of(cls, codes_N: IntArray, gather: Callable[[IntArray], Batch]) -> Self:
        """Returns the data whose items have these classes."""
        members = tuple(
            np.flatnonzero(codes_N == code).astype(np.int32) for code in np.unique(codes_N)
        )
        return cls(members=members, gather=gather)

    @property
    def num_items(self) -> int:
        return sum(len(one) for one in self.members)

    def batch(self, step: int, *, batch_size: int, seed: int) -> Batch:
        rng = numpy_generator(seed, "balanced", step)
        class_B = rng.integers(len(self.members), size=batch_size)
        share_B = rng.random(batch_size)
        index_B = [
            self.members[code][int(share * len(self.members[code]))]
            for code, share in zip(class_B.tolist(), share_B.tolist(), strict=True)
        ]
        return self.gather(np.array(index_B, dtype=np.int32))


@lru_cache(maxsize=4)
def order(num_items: int, seed: int, epoch: int) -> IntArray:
    """A permutation; the cache only saves work."""
    return numpy_generator(seed, "order", epoch).permutation(num_items).astype(np.int32)
