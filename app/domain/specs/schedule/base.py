"""What all learning-rate schedules share."""

from abc import abstractmethod
from dataclasses import dataclass

from pydantic import Field

from app.domain.specs.base import Integer, Spec


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where training stands, counted from the end of the warm-up."""

    #: From 0.
    step: int
    #: How many follow the warm-up in all.
    num_steps: int


class Schedule(Spec):
    """A kind is its fields and its formula."""

    warmup_steps: Integer = Field(default=0, ge=0, le=10**9)
    """Steps over which the rate first rises linearly from 0."""

    @abstractmethod
    def share(self, progress: Progress, /) -> float:
        """The share of the full learning rate that a step has."""
