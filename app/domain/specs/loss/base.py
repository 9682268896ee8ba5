"""The base of all losses of numbers: formula, score and best constant.

Targets and outputs are in standard deviations of the training part, with its mean at 0; those of a
loss with an exponential link are in means of the training part.
Shapes: N loss terms, n measured targets, Q outputs for each target.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal, Protocol, Self, TypeVar

from app.domain.specs.base import Spec
from app.domain.telemetry import DoubleArray

#: How an output becomes a prediction: as it is, or as the logarithm of a rate.
Link = Literal["identity", "exp"]


class Array(Protocol):
    """An array on any device; `torch.Tensor` implements it."""

    def __add__(self, other: Self, /) -> Self: ...

    def __sub__(self, other: Self, /) -> Self: ...

    def __mul__(self, other: Self, /) -> Self: ...

    def __rmul__(self, other: float, /) -> Self: ...

    def abs(self) -> Self: ...

    def clip(self, least: float, most: float, /) -> Self: ...

    def exp(self) -> Self: ...


A = TypeVar("A", bound=Array)


class Loss(Spec):
    """A kind of loss: its fields and its formulas."""

    kind: str
    #: The metric that it minimises.
    metric: ClassVar[str]
    #: What the best constant is, as part of a baseline's name.
    statistic: ClassVar[str]
    link: ClassVar[Link] = "identity"
    #: Power of the target's unit in which the metric is.
    power: ClassVar[int]
    #: Whether a target below 0 has no loss.
    needs_non_negative: ClassVar[bool] = False

    @property
    def outputs_per_target(self) -> int:
        return 1

    @property
    def point_output(self) -> int:
        """Position of the output that is the forecast of the value itself."""
        return 0

    def output_names(self, target: str) -> tuple[str, ...]:
        """Returns the name of each output for the target."""
        return (target,)

    @abstractmethod
    def term(self, outputs: Sequence[A], target: A, /) -> A:
        """Returns the losses of targets whose mean is minimised; `outputs` are the Q outputs."""

    @abstractmethod
    def sizes(self, answer_nQ: DoubleArray, wanted_n: DoubleArray) -> DoubleArray:
        """Returns (n,) the metric of each prediction, in the scale of its arguments."""

    @abstractmethod
    def best_constant(self, wanted_n: DoubleArray) -> DoubleArray:
        """Returns (Q,) the predictions with the smallest mean metric over the targets."""
