"""Optimizers and learning-rate schedules."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from app.domain.specs.base import (
    DefaultKind,
    Flag,
    Fraction,
    Integer,
    NonNegative,
    Positive,
    PositiveInt,
    Spec,
)


class ConstantSchedule(Spec):
    """The learning rate stays."""

    kind: Literal["constant"] = "constant"
    warmup_steps: Integer = Field(default=0, ge=0, le=10**9)
    """Steps over which the rate first rises linearly from 0."""


class StepSchedule(Spec):
    """Multiply by `factor` every `every` steps."""

    kind: Literal["step"]
    every: PositiveInt = 1000
    factor: Positive = 0.5
    warmup_steps: Integer = Field(default=0, ge=0, le=10**9)


class CosineSchedule(Spec):
    """Half a cosine from the learning rate to `final_fraction` of it at the last step."""

    kind: Literal["cosine"]
    final_fraction: NonNegative = Field(default=0.0, le=1)
    warmup_steps: Integer = Field(default=0, ge=0, le=10**9)


class WarmupSchedule(Spec):
    """Linear rise over `warmup_steps`, then constant."""

    kind: Literal["warmup"]
    warmup_steps: PositiveInt = 500


ScheduleSpec = Annotated[
    ConstantSchedule | StepSchedule | CosineSchedule | WarmupSchedule,
    Field(discriminator="kind"),
    DefaultKind("constant"),
]


class _Optimizer(Spec):
    learning_rate: Positive = 0.001
    weight_decay: NonNegative = 0.0
    schedule: ScheduleSpec = ConstantSchedule()


class SgdSpec(_Optimizer):
    """Stochastic gradient descent."""

    kind: Literal["sgd"]
    momentum: Fraction = 0.0
    nesterov: Flag = False

    @model_validator(mode="after")
    def _nesterov_needs_momentum(self) -> Self:
        if self.nesterov and self.momentum == 0:
            raise ValueError("nesterov needs a momentum above 0")
        return self


class AdamSpec(_Optimizer):
    """Adam (Kingma & Ba 2015); weight decay joins the gradient."""

    kind: Literal["adam"] = "adam"
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    eps: Positive = 1e-8


class AdamWSpec(_Optimizer):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019)."""

    kind: Literal["adamw"]
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    eps: Positive = 1e-8


class RmspropSpec(_Optimizer):
    """RMSprop (Tieleman & Hinton 2012)."""

    kind: Literal["rmsprop"]
    alpha: Fraction = 0.99
    momentum: Fraction = 0.0
    eps: Positive = 1e-8


OptimizerSpec = Annotated[
    SgdSpec | AdamSpec | AdamWSpec | RmspropSpec,
    Field(discriminator="kind"),
    DefaultKind("adam"),
]


class RegularizationSpec(Spec):
    """Penalties on the weights that join the loss (biases are left out)."""

    l1: NonNegative = 0.0
    """Coefficient of the sum of absolute weights."""
    l2: NonNegative = 0.0
    """Coefficient of the sum of squared weights."""
