"""Temporal order: name the order of two symbols far apart among distractors.

Hochreiter & Schmidhuber 1997, with four classes.

Shapes: T timesteps, B sequences. Symbols: 0 A, 1 B, 2 … 5 distractors. Classes: AA, AB, BA, BB.
"""

import numpy as np
import torch
from torch.nn import functional

from app.domain.specs.dataset.temporal_order import (
    FIRST_TENTHS,
    NUM_SYMBOLS,
    SECOND_TENTHS,
    TemporalOrderSpec,
)
from worker.datasets.maker import TaskOfSpec
from worker.datasets.objectives import CrossEntropy
from worker.datasets.sampling import MadeData
from worker.datasets.task import Batch, Task
from worker.datasets.usage import ClassOutput, SymbolInput, Usage

USAGE = Usage(
    input=SymbolInput(symbols=("A", "B", "c", "d", "e", "f")),
    output=ClassOutput(classes=("AA", "AB", "BA", "BB")),
    meaning="which of A and B came first and which second",
)


def build_temporal_order(spec: TemporalOrderSpec) -> Task:
    data = MadeData(make=lambda rng, size: _make(spec, rng, size), seed=spec.seed)
    facts = spec.facts()
    return Task(
        facts=facts,
        objective=CrossEntropy(),
        data=data,
        evaluation=data.evaluation(facts),
        usage=USAGE,
    )


def _make(spec: TemporalOrderSpec, rng: np.random.Generator, batch_size: int) -> Batch:
    """A or B once in [0.1 T, 0.2 T) and once in [0.5 T, 0.6 T)."""
    codes_TB = rng.integers(2, NUM_SYMBOLS, (spec.length, batch_size))
    pairs_2B = rng.integers(0, 2, (2, batch_size))
    columns_B = np.arange(batch_size)
    for symbol_B, tenths in zip(pairs_2B, (FIRST_TENTHS, SECOND_TENTHS), strict=True):
        timestep_B = rng.integers(*spec.timesteps(tenths), batch_size)
        codes_TB[timestep_B, columns_B] = symbol_B
    return Batch(
        inputs_TBI=functional.one_hot(torch.from_numpy(codes_TB), NUM_SYMBOLS).float(),
        targets=torch.from_numpy(2 * pairs_2B[0] + pairs_2B[1]),
    )


TEMPORAL_ORDER = TaskOfSpec(spec=TemporalOrderSpec, make=build_temporal_order)
