"""Facts of a task's data: how far later splits lie from training, and what lies before the window.

The worker measures them when it builds the task.
"""

from typing import Self

from pydantic import BaseModel, ConfigDict


class ColumnShift(BaseModel):
    """How far one column of a later split lies from the values that training shows.

    Each series is compared with its own training part; the numbers are over the rows of all series.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    column: str
    """Name of the column."""
    outside_share: float
    """Share of the values below the least or above the greatest one of training, in [0, 1]."""
    outside_distance: float
    """Mean distance of these values from the range of training, in standard deviations of training;
    0 if there are none."""
    level_move: float
    """Distance of the mean from the mean of training, in standard deviations of training; the mean
    over all series."""


class RangeShift(BaseModel):
    """How far a later split lies from the training part, in the scale that the network sees."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    target: ColumnShift | None
    """Null if targets are classes."""
    inputs: tuple[ColumnShift, ...] = ()
    """The other columns that the network reads, those with the largest share outside first."""

    @property
    def largest(self) -> ColumnShift | None:
        """The column with the largest share outside; None without a column."""
        columns = self.inputs if self.target is None else (self.target, *self.inputs)
        return max(columns, key=lambda one: one.outside_share, default=None)


class LongerContext(BaseModel):
    """What a simple model gains held out from timesteps that the network is not shown."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    shown: int
    """Timesteps that the network is shown at most."""
    enough: int
    """The fewest timesteps with which the model is as good as with any number that was tried."""
    tried: int
    """The most timesteps that were tried."""
    gain: float
    """Gain of the best longer context over the best one that is shown, in nats a target; negative
    if the longer ones are worse. Of a squared error it is half the logarithm of the ratio."""
    chance: float
    """Nats that chance gives in one of twenty cases if the targets are independent."""

    @classmethod
    def of(cls, losses: list[float], *, shown: int, tolerance: float, chance: float) -> Self:
        """Returns the gain from losses with 0, 1, 2, … timesteps; more than `shown` of them."""
        best = min(losses)
        enough = next(size for size, loss in enumerate(losses) if loss <= best + tolerance)
        return cls(
            shown=shown,
            enough=enough,
            tried=len(losses) - 1,
            gain=min(losses[: shown + 1]) - min(losses[shown + 1 :]),
            chance=chance,
        )
