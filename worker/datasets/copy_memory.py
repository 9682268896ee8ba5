"""Copy memory: recall 10 symbols of 8 after a stretch of blanks (Arjovsky et al. 2016).

Shapes: T timesteps, B sequences, S the 10 symbols.
Classes: 0 blank, 1 … 8 symbols; the input also has 9, "now recall".
"""

import numpy as np
import torch
from torch.nn import functional

from app.domain.specs.dataset.copy_memory import NUM_INPUTS, NUM_SHOWN, NUM_SYMBOLS, CopyMemorySpec
from worker.datasets.maker import TaskOfSpec
from worker.datasets.objectives import CrossEntropy
from worker.datasets.sampling import MadeData
from worker.datasets.task import Batch, Task
from worker.datasets.usage import ClassOutput, SymbolInput, Usage

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
    facts = spec.facts()
    return Task(
        facts=facts,
        objective=CrossEntropy(trivial_class=BLANK),
        data=data,
        evaluation=data.evaluation(facts),
        usage=USAGE,
    )


def _make(length: int, rng: np.random.Generator, batch_size: int) -> Batch:
    """Symbols, length − 1 blanks, "recall", 10 blanks; targets are blanks, then the symbols."""
    num_timesteps = length + 2 * NUM_SHOWN
    symbols_SB = rng.integers(1, NUM_SYMBOLS + 1, (NUM_SHOWN, batch_size))
    codes_TB = np.full((num_timesteps, batch_size), BLANK)
    codes_TB[:NUM_SHOWN] = symbols_SB
    codes_TB[length + NUM_SHOWN - 1] = RECALL
    targets_TB = np.full((num_timesteps, batch_size), BLANK)
    targets_TB[-NUM_SHOWN:] = symbols_SB
    recalled_TB = np.zeros((num_timesteps, batch_size), dtype=np.float32)
    recalled_TB[-NUM_SHOWN:] = 1
    return Batch(
        inputs_TBI=functional.one_hot(torch.from_numpy(codes_TB), NUM_INPUTS).float(),
        targets=torch.from_numpy(targets_TB),
        recalled_TB=torch.from_numpy(recalled_TB),
    )


COPY_MEMORY = TaskOfSpec(spec=CopyMemorySpec, make=build_copy_memory)
