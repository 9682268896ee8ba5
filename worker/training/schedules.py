"""The learning rate of a step, a pure function."""

import math
from typing import assert_never

from app.domain.specs.optimizer import (
    ConstantSchedule,
    CosineSchedule,
    OptimizerSpec,
    StepSchedule,
    WarmupSchedule,
)


def learning_rate(spec: OptimizerSpec, step: int, *, num_steps: int) -> float:
    """Steps count from 0; the last step of a warm-up has the full rate."""
    warmup = spec.schedule.warmup_steps
    if step < warmup:
        return spec.learning_rate * (step + 1) / warmup
    return spec.learning_rate * _factor(spec, step - warmup, num_steps=num_steps - warmup)


def _factor(spec: OptimizerSpec, step: int, *, num_steps: int) -> float:
    """Of the full rate, counted from the end of the warm-up."""
    schedule = spec.schedule
    match schedule:
        case ConstantSchedule() | WarmupSchedule():
            return 1.0
        case StepSchedule():
            return float(schedule.factor ** (step // schedule.every))
        case CosineSchedule():
            progress = min(1.0, step / (num_steps - 1)) if num_steps > 1 else 1.0
            low = schedule.final_fraction
            return low + (1 - low) * 0.5 * (1 + math.cos(math.pi * progress))
        case _:
            assert_never(schedule)
