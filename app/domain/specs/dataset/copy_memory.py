"""Copy memory: recall symbols that were shown before many blanks (Arjovsky et al. 2016)."""

import math
from typing import Literal

from pydantic import Field

from app.domain.specs.base import Integer
from app.domain.specs.dataset.base import MAX_LENGTH, MadeDataset
from app.domain.task import Baseline, LagSource, MetricMode, TaskFacts, spread_lag

#: Symbols that are shown, one a timestep, and later recalled.
NUM_SHOWN = 10
#: Number of different symbols.
NUM_SYMBOLS = 8
#: In addition to the symbols there are a blank and, as an input only, a signal to recall.
NUM_INPUTS, NUM_OUTPUTS = NUM_SYMBOLS + 2, NUM_SYMBOLS + 1


class CopyMemorySpec(MadeDataset):
    """Recall 10 symbols of 8 after `length` blanks: length + 20 timesteps (Arjovsky 2016)."""

    kind: Literal["copy_memory"]
    length: Integer = Field(default=100, ge=1, le=MAX_LENGTH - 2 * NUM_SHOWN)
    """Blank timesteps over which the symbols must be remembered."""

    def facts(self) -> TaskFacts:
        lag = self.length + NUM_SHOWN
        num_timesteps = self.length + 2 * NUM_SHOWN
        floor = Baseline.constant(
            name="guess_symbols",
            metric="cross_entropy",
            value=NUM_SHOWN * math.log(NUM_SYMBOLS) / num_timesteps,
            source="10 ln 8 / (length + 20) nats: blanks are certain, symbols are guessed",
        )
        chance = Baseline.constant(
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
            required_lag=self.declared_lag()
            or spread_lag(
                shortest=lag,
                longest=lag,
                source=LagSource.TASK,
                method="each symbol is recalled length + 10 timesteps after it was shown",
            ),
            length=num_timesteps,
            input_size=NUM_INPUTS,
            output_size=NUM_OUTPUTS,
            many_to_one=False,
        )
