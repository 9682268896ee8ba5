"""What all optimizers share."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.specs.base import NonNegative, Positive, Spec
from app.domain.specs.schedule import ScheduleSpec
from app.domain.specs.schedule.base import Progress
from app.domain.specs.schedule.constant import ConstantSchedule


@dataclass(frozen=True, kw_only=True)
class TorchOptimizer:
    """A class of `torch.optim`."""

    name: str
    #: Its keyword arguments but `lr` and `weight_decay`, which all classes have.
    arguments: Mapping[str, float | bool | tuple[float, float]]
    #: Numbers that it keeps for each weight.
    num_moments: int


class Optimizer(Spec):
    """A kind is its fields and the class of torch that it names."""

    learning_rate: Positive = 0.001
    weight_decay: NonNegative = 0.0
    schedule: ScheduleSpec = ConstantSchedule()

    @property
    @abstractmethod
    def in_torch(self) -> TorchOptimizer:
        """What the worker makes of it."""

    def rate_at(self, step: int, *, num_steps: int) -> float:
        """The learning rate of a step, counted from 0; the last step of a warm-up has it whole."""
        warmup = self.schedule.warmup_steps
        if step < warmup:
            return self.learning_rate * (step + 1) / warmup
        progress = Progress(step=step - warmup, num_steps=num_steps - warmup)
        return self.learning_rate * self.schedule.share(progress)
