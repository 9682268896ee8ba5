"""What a quantity is: its name, unit, formula, sign and source."""

from dataclasses import dataclass
from enum import StrEnum


class Cadence(StrEnum):
    """When a quantity is read."""

    EVERY_STEP = "every_step"
    EVALUATION = "evaluation"
    PROBE = "probe"


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """One thing that can be read of a run."""

    name: str
    unit: str
    #: What is computed, and what its sign means.
    formula: str
    #: Over what it is averaged, or otherwise brought to one number.
    reduction: str
    #: What one measurement takes.
    cost: str
    source: str
    cadence: Cadence
    #: Read once per tensor (scope `tensor:<name>`) beside the whole model.
    is_per_tensor: bool = False
