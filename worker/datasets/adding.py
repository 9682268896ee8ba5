"""The adding problem: sum the two marked numbers, one in each half of the sequence.

Hochreiter & Schmidhuber 1997, in the form of Le et al. 2015.

Shapes: T timesteps, B sequences.
"""

import numpy as np
import torch

from app.domain.specs.dataset import AddingSpec
from app.domain.task import Baseline, MetricMode, TaskFacts
from worker.datasets.objectives import SquaredError
from worker.datasets.required_lag import declared, known
from worker.datasets.sampling import MadeData
from worker.datasets.task import Batch, Task
from worker.datasets.usage import AS_THEY_ARE, NumberOutput, Usage, unscaled

#: Variance of the sum of two U(0, 1): 2/12.
FLOOR_MSE = 1 / 6
USAGE = Usage(
    input=unscaled(("value", "mark")),
    output=NumberOutput(names=("sum",), scalings=AS_THEY_ARE),
    meaning="the sum of the two values whose mark is 1",
)


def build_adding(spec: AddingSpec) -> Task:
    data = MadeData(make=lambda rng, size: _make(spec.length, rng, size), seed=spec.seed)
    facts = _facts(spec)
    return Task(
        facts=facts,
        objective=SquaredError(),
        data=data,
        evaluation=data.evaluation(facts),
        usage=USAGE,
    )


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


def _facts(spec: AddingSpec) -> TaskFacts:
    lag = known(
        shortest=spec.length - spec.length // 2,
        longest=spec.length - 1,
        method="lag of the first mark, which lies anywhere in the first half",
    )
    floor = Baseline(
        name="predict_mean",
        metric="mse",
        value=FLOOR_MSE,
        source="always predict 1: the variance of the sum of two U(0, 1) is 1/6",
    )
    return TaskFacts(
        metric="mse",
        mode=MetricMode.MINIMISE,
        baselines=(floor,),
        attainable=0.0,
        required_lag=declared(spec.dependency_lag) or lag,
        length=spec.length,
        input_size=2,
        output_size=1,
        many_to_one=True,
    )
