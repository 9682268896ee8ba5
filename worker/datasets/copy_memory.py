"""Copy memory: recall 10 symbols of 8 after a stretch of blanks (Arjovsky et al. 2016).

Shapes: T timesteps, B sequences, S the 10 symbols.
Classes: 0 blank, 1 … 8 symbols; the input also has 9, "now recall".
"""

import math

import numpy as np
import torch
from torch.nn import functional

from app.domain.specs.dataset import COPY_SYMBOLS, CopyMemorySpec
from app.domain.task import Baseline, MetricMode, TaskFacts
from worker.datasets.objectives import CrossEntropy
from worker.datasets.required_lag import declared, known
from worker.datasets.sampling import MadeData
from worker.datasets.task import Batch, Task
from worker.datasets.usage import ClassOutput, SymbolInput, Usage

NUM_SYMBOLS = 8
BLANK = 0
RECALL = NUM_SYMBOLS + 1
_TARGETS = ("blank", *map(str, range(1, NUM_SYMBOLS + 1)))
USAGE = Usage(
    input=SymbolInput(symbols=(*_TARGETS, "recall")),
    output=ClassOutput(classes=_TARGETS),
    meaning="at each timestep the symbol to show: blanks, then the ten that were shown first",
)


def build_copy_memory(spec: CopyMemorySpec) -> Task:
    data = MadeData(make=lambda rng, size: _make(spec.length, rng, size), seed=spec.seed)
    facts = _facts(spec)
    return Task(
        facts=facts,
        objective=CrossEntropy(trivial_class=BLANK),
        data=data,
        evaluation=data.evaluation(facts),
        usage=USAGE,
    )


def _make(length: int, rng: np.random.Generator, batch_size: int) -> Batch:
    """Symbols, length − 1 blanks, "recall", 10 blanks; targets are blanks, then the symbols."""
    num_timesteps = length + 2 * COPY_SYMBOLS
    symbols_SB = rng.integers(1, NUM_SYMBOLS + 1, (COPY_SYMBOLS, batch_size))
    codes_TB = np.full((num_timesteps, batch_size), BLANK)
    codes_TB[:COPY_SYMBOLS] = symbols_SB
    codes_TB[length + COPY_SYMBOLS - 1] = RECALL
    targets_TB = np.full((num_timesteps, batch_size), BLANK)
    targets_TB[-COPY_SYMBOLS:] = symbols_SB
    recalled_TB = np.zeros((num_timesteps, batch_size), dtype=np.float32)
    recalled_TB[-COPY_SYMBOLS:] = 1
    return Batch(
        inputs_TBI=functional.one_hot(torch.from_numpy(codes_TB), RECALL + 1).float(),
        targets=torch.from_numpy(targets_TB),
        recalled_TB=torch.from_numpy(recalled_TB),
    )


def _facts(spec: CopyMemorySpec) -> TaskFacts:
    lag = spec.length + COPY_SYMBOLS
    method = "each symbol is recalled length + 10 timesteps after it was shown"
    num_timesteps = spec.length + 2 * COPY_SYMBOLS
    floor = Baseline(
        name="guess_symbols",
        metric="cross_entropy",
        value=COPY_SYMBOLS * math.log(NUM_SYMBOLS) / num_timesteps,
        source="10 ln 8 / (length + 20) nats: blanks are certain, symbols are guessed",
    )
    chance = Baseline(
        name="guess_symbols",
        metric="accuracy",
        value=1 / NUM_SYMBOLS,
        source="1 of 8 symbols, over the timesteps of recall",
    )
    return TaskFacts(
        metric="cross_entropy",
        mode=MetricMode.MINIMISE,
        baselines=(floor, chance),
        attainable=0.0,
        required_lag=declared(spec.dependency_lag)
        or known(shortest=lag, longest=lag, method=method),
        length=num_timesteps,
        input_size=RECALL + 1,
        output_size=NUM_SYMBOLS + 1,
        many_to_one=False,
    )
