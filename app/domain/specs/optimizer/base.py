"""The base of all optimizers."""

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
    #: Its keyword arguments, except `lr` and `weight_decay`, which all classes have.
    arguments: Mapping[str, float | bool | tuple[float, float]]
    #: Number of values that it keeps for each weight.
    num_moments: int
    #: Name in its state of the running mean of the squared gradient; None if it keeps none.
    second_moment: str | None = None
    #: Decay of that mean where torch corrects its bias towards 0; None where it does not.
    corrected_by: float | None = None
    #: True: weight decay changes the weights directly. False: it is added to the gradient.
    is_decay_decoupled: bool = False


class Optimizer(Spec):
    """A kind of optimizer: its fields and its class in torch."""

    learning_rate: Positive = 0.001
    """Step size at full height; `schedule` multiplies it."""
    weight_decay: NonNegative = 0.0
    """Coefficient of the decay of weights towards 0; 0 for none."""
    schedule: ScheduleSpec = ConstantSchedule()
    """How the learning rate changes over the steps."""

    @property
    @abstractmethod
    def in_torch(self) -> TorchOptimizer:
        """The class and the arguments with which the worker creates it."""

    def rate_at(self, step: int, *, num_steps: int) -> float:
        """Returns the learning rate of a step, counted from 0.

        The last step of a warm-up has the full learning rate.
        """
        warmup = self.schedule.warmup_steps
        if step < warmup:
            return self.learning_rate * (step + 1) / warmup
        progress = Progress(step=step - warmup, num_steps=num_steps - warmup)
        return self.learning_rate * self.schedule.share(progress)
