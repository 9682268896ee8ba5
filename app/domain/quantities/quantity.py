"""What a quantity is: its name, unit, formula, sign and source."""

from dataclasses import dataclass
from enum import StrEnum


class Cadence(StrEnum):
    """When a quantity is read."""

    EVERY_STEP = "every_step"
    EVALUATION = "evaluation"
    PROBE = "probe"


class Form(StrEnum):
    """What one reading of a quantity is."""

    #: One number at a step and scope.
    NUMBER = "number"
    #: One number for each lag or position.
    CURVE = "curve"
    #: One number that is computed from a lag profile and stored with it.
    OF_LAG_PROFILE = "of_lag_profile"


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
    form: Form = Form.NUMBER
    #: False for what is read of single tensors alone.
    is_of_model: bool = True
    #: Read once per tensor (scope `tensor:<name>`) too.
    is_per_tensor: bool = False
    #: Place, from 1, in a series of quantities such as `lyapunov_1`, `lyapunov_2`, …; None
    #: elsewhere. A run may read more of a series than the table lists: they are as the first.
    rank: int | None = None
