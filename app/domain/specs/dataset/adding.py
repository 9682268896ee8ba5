"""The adding problem (Hochreiter & Schmidhuber 1997), in the form of Le et al. 2015."""

from typing import Literal

from pydantic import Field

from app.domain.specs.base import Integer
from app.domain.specs.dataset.base import MAX_LENGTH, MadeDataset
from app.domain.task import Baseline, LagSource, MetricMode, TaskFacts, spread_lag

#: Variance of the sum of two U(0, 1): 2/12.
FLOOR_MSE = 1 / 6


class AddingSpec(MadeDataset):
    """Sum two marked numbers, one in each half (Hochreiter & Schmidhuber 1997)."""

    kind: Literal["adding"]
    length: Integer = Field(default=200, ge=4, le=MAX_LENGTH)
    """Timesteps of a sequence."""

    def facts(self) -> TaskFacts:
        lag = spread_lag(
            shortest=self.length - self.length // 2,
            longest=self.length - 1,
            source=LagSource.TASK,
            method="lag of the first mark, which lies anywhere in the first half",
        )
        floor = Baseline.constant(
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
            required_lag=self.declared_lag() or lag,
            length=self.length,
            input_size=2,
            output_size=1,
            many_to_one=True,
        )
