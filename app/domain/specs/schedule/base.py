"""The base of all learning-rate schedules."""

from abc import abstractmethod
from dataclasses import dataclass

from pydantic import Field

from app.domain.specs.base import Integer, Spec


@dataclass(frozen=True, kw_only=True)
class Progress:
    """The position of a step in training, without the warm-up."""

    #: Counted from 0 at the end of the warm-up.
    step: int
    #: Number of all steps after the warm-up.
    num_steps: int


class Schedule(Spec):
    """A learning-rate schedule: its fields and its formula."""

    warmup_steps: Integer = Field(default=0, ge=0, le=10**9)
    """Number of first steps, over which the learning rate rises linearly from 0."""

    @abstractmethod
    def share(self, progress: Progress, /) -> float:
        """Returns the learning rate of the step as a share of the full learning rate."""
