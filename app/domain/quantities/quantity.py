"""What a quantity is: its name, unit, formula, sign and source."""

from dataclasses import dataclass
from enum import StrEnum


class Cadence(StrEnum):
    """When a quantity is measured."""

    EVERY_STEP = "every_step"
    EVALUATION = "evaluation"
    PROBE = "probe"


class Form(StrEnum):
    """The form of one reading of a quantity."""

    #: One number at a step and scope.
    NUMBER = "number"
    #: One number for each lag or position.
    CURVE = "curve"
    #: One number that is computed from a lag profile and stored with it.
    OF_LAG_PROFILE = "of_lag_profile"


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """A quantity that is measured of a run."""

    name: str
    unit: str
    #: What is computed, and what its sign means.
    formula: str
    #: How it is reduced to one number, for example by a mean over sequences.
    reduction: str
    #: The work of one measurement.
    cost: str
    source: str
    cadence: Cadence
    form: Form = Form.NUMBER
    #: False if it is measured of single tensors only.
    is_of_model: bool = True
    #: True if it is measured of each tensor (scope `tensor:<name>`).
    is_per_tensor: bool = False
    #: Position, from 1, in a series of quantities such as `lyapunov_1`, `lyapunov_2`, …; None for
    #: all others. A run may have more of a series than the table lists; they are like the first.
    rank: int | None = None
