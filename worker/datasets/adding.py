"""The adding problem: sum the two marked numbers, one in each half of the sequence.

Hochreiter & Schmidhuber 1997, in the form of Le et al. 2015.

Shapes: T timesteps, B sequences.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from app.domain.scopes import Split
from app.domain.specs.dataset.adding import AddingSpec
from app.domain.task import Baseline
from worker.datasets.maker import TaskOfSpec
from worker.datasets.objectives import NumberError
from worker.datasets.sampling import MadeData
from worker.datasets.task import Batch, Task
from worker.datasets.usage import AS_THEY_ARE, NumberOutput, Usage, unscaled

USAGE = Usage(
    input=unscaled(("value", "mark")),
    output=NumberOutput(names=("sum",), scalings=AS_THEY_ARE),
    meaning="the sum of the two values whose mark is 1",
)


def build_adding(spec: AddingSpec) -> Task:
    data = MadeData(make=lambda rng, size: _make(spec.length, rng, size), seed=spec.seed)
    facts = spec.facts()
    evaluation = data.evaluation(facts)
    return Task(
        facts=facts.model_copy(update={"baselines": _measured(facts.baselines, evaluation)}),
        objective=NumberError(),
        data=data,
        evaluation=evaluation,
        usage=USAGE,
    )


def _measured(
    expected: Sequence[Baseline], evaluation: Mapping[Split, Batch]
) -> tuple[Baseline, ...]:
    """The baseline that always predicts 1, with its scores on the rows that are evaluated."""
    scores = {
        split: float((batch.targets.double() - 1).square().mean())
        for split, batch in evaluation.items()
    }
    return tuple(floor.model_copy(update={"scores": scores}) for floor in expected)


def _make(length: int, rng: np.random.Generator, batch_size: int) -> Batch:
    """Inputs (value ~ U(0, 1), mark); the first mark lies in [0, T/2), the second in [T/2, T)."""
    values_TB = rng.random((length, batch_size), dtype=np.float32)
    first_B = rng.integers(0, length // 2, batch_size)
    second_B = rng.integers(length // 2, length, batch_size)
    inputs_TBI = np.zeros((length, batch_size, 2), dtype=np.float32)
    inputs_TBI[:, :, 0] = values_TB
    columns_B = np.arange(batch_size)
    inputs_TBI[first_B, columns_B, 1] = 1
    inputs_TBI[second_B, columns_B, 1] = 1
    sums_B1 = (values_TB[first_B, columns_B] + values_TB[second_B, columns_B])[:, None]
    return Batch(inputs_TBI=torch.from_numpy(inputs_TBI), targets=torch.from_numpy(sums_B1))


ADDING = TaskOfSpec(spec=AddingSpec, make=build_adding)
