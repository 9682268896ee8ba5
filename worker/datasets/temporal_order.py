"""Temporal order: name the order of two symbols far apart among distractors.

Hochreiter & Schmidhuber 1997, with four classes.

Shapes: T timesteps, B sequences. Symbols: 0 A, 1 B, 2 … 5 distractors. Classes: AA, AB, BA, BB.
"""

import math

import numpy as np
import torch
from torch.nn import functional

from app.domain.specs.dataset import TemporalOrderSpec
from app.domain.task import Baseline, MetricMode, TaskFacts
from worker.datasets.objectives import CrossEntropy
from worker.datasets.required_lag import declared, known
from worker.datasets.sampling import MadeData
from worker.datasets.task import Batch, Task
from worker.datasets.usage import ClassOutput, SymbolInput, Usage

NUM_SYMBOLS = 6
NUM_CLASSES = 4
USAGE = Usage(
    input=SymbolInput(symbols=("A", "B", "c", "d", "e", "f")),
    output=ClassOutput(classes=("AA", "AB", "BA", "BB")),
    meaning="which of A and B came first and which second",
)


def build_temporal_order(spec: TemporalOrderSpec) -> Task:
    data = MadeData(make=lambda rng, size: _make(spec.length, rng, size), seed=spec.seed)
    facts = _facts(spec)
    return Task(
        facts=facts,
        objective=CrossEntropy(),
        data=data,
        evaluation=data.evaluation(facts),
        usage=USAGE,
    )


def tenths(length: int, first: int, last: int) -> tuple[int, int]:
    """Timesteps [first, last) tenths of the sequence, at least one of them."""
    start = first * length // 10
    return start, max(start + 1, last * length // 10)


def _make(length: int, rng: np.random.Generator, batch_size: int) -> Batch:
    """A or B once in [0.1 T, 0.2 T) and once in [0.5 T, 0.6 T)."""
    codes_TB = rng.integers(2, NUM_SYMBOLS, (length, batch_size))
    pairs_2B = rng.integers(0, 2, (2, batch_size))
    columns_B = np.arange(batch_size)
    for symbol_B, (first, last) in zip(pairs_2B, ((1, 2), (5, 6)), strict=True):
        timestep_B = rng.integers(*tenths(length, first, last), batch_size)
        codes_TB[timestep_B, columns_B] = symbol_B
    return Batch(
        inputs_TBI=functional.one_hot(torch.from_numpy(codes_TB), NUM_SYMBOLS).float(),
        targets=torch.from_numpy(2 * pairs_2B[0] + pairs_2B[1]),
    )


def _facts(spec: TemporalOrderSpec) -> TaskFacts:
    first, last = tenths(spec.length, 1, 2)
    lag = known(
        shortest=spec.length - last,
        longest=spec.length - 1 - first,
        method="lag of the first symbol, which lies in [0.1 T, 0.2 T)",
    )
    floor = Baseline(
        name="guess_order",
        metric="cross_entropy",
        value=math.log(NUM_CLASSES),
        source="ln 4 nats: four orders, equally likely",
    )
    chance = Baseline(
        name="guess_order", metric="accuracy", value=1 / NUM_CLASSES, source="1 of 4 orders"
    )
    return TaskFacts(
        metric="cross_entropy",
        mode=MetricMode.MINIMISE,
        baselines=(floor, chance),
        attainable=0.0,
        required_lag=declared(spec.dependency_lag) or lag,
        length=spec.length,
        input_size=NUM_SYMBOLS,
        output_size=NUM_CLASSES,
        many_to_one=True,
    )
