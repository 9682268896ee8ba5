"""Rollbacks of a run: returns to an earlier state with a lower learning rate."""

from dataclasses import dataclass
from typing import Literal

#: What was not finite.
Failure = Literal["loss", "gradient", "update"]


@dataclass(frozen=True, kw_only=True)
class Rollback:
    """One return to an earlier state, after a step whose numbers were not finite."""

    step: int
    #: Optimizer steps that made the state; None for one that an earlier release saved.
    to_step: int | None
    failure: Failure
    #: What the learning rate was multiplied by.
    factor: float
    #: False if the factor is the default, because none could be measured.
    is_measured: bool
    #: The product of the factors so far.
    rate_factor: float
    #: Counted from 1 within the run.
    number: int


@dataclass(frozen=True, kw_only=True)
class RollbackSummary:
    """All rollbacks of a run in short."""

    count: int
    #: What multiplies the learning rate of the spec now.
    learning_rate_factor: float
    #: The step of the last one.
    last_step: int

    @classmethod
    def up_to(cls, last: Rollback) -> "RollbackSummary":
        return cls(count=last.number, learning_rate_factor=last.rate_factor, last_step=last.step)
