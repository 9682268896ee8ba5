"""What is measured: every quantity's name, unit, formula, sign and source, in one table."""

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
    #: Formula with its reduction, and what its sign means.
    formula: str
    source: str
    cadence: Cadence
    #: Read once per tensor (scope `tensor:<name>`) beside the whole model.
    is_per_tensor: bool = False


_EVERY_STEP = (
    Quantity(
        name="loss",
        unit="task loss",
        formula="mean over the batch's loss terms, without penalties",
        source="measured",
        cadence=Cadence.EVERY_STEP,
    ),
    Quantity(
        name="grad_norm",
        unit="loss / weight",
        formula="global L2 norm of the gradient of loss plus penalties, before clipping",
        source="Pascanu et al. 2013",
        cadence=Cadence.EVERY_STEP,
        is_per_tensor=True,
    ),
    Quantity(
        name="clip_coefficient",
        unit="1",
        formula="norm after clipping / norm before; 1 untouched, < 1 clipped, > 1 raised",
        source="Pascanu et al. 2013, algorithm 1",
        cadence=Cadence.EVERY_STEP,
    ),
    Quantity(
        name="update_ratio",
        unit="1",
        formula="L2 norm of the step's weight change / L2 norm of the weights",
        source="SageMaker Debugger, WeightUpdateRatio",
        cadence=Cadence.EVERY_STEP,
        is_per_tensor=True,
    ),
    Quantity(
        name="learning_rate",
        unit="1",
        formula="as the schedule sets it for the step",
        source="measured",
        cadence=Cadence.EVERY_STEP,
    ),
    Quantity(
        name="elapsed_s",
        unit="s",
        formula="training time since this attempt's first step",
        source="measured",
        cadence=Cadence.EVERY_STEP,
    ),
    Quantity(
        name="non_finite_count",
        unit="entries",
        formula="entries of the gradient that are NaN or infinite",
        source="measured",
        cadence=Cadence.EVERY_STEP,
    ),
    Quantity(
        name="weight_norm",
        unit="weight",
        formula="L2 norm of the weights before the step's update",
        source="measured",
        cadence=Cadence.EVERY_STEP,
        is_per_tensor=True,
    ),
    Quantity(
        name="zero_fraction",
        unit="1",
        formula="share of the gradient's entries that are exactly 0",
        source="AutoTrainer, dying ReLU",
        cadence=Cadence.EVERY_STEP,
        is_per_tensor=True,
    ),
)

#: Quantities with one value a step and run, in the order of the chunk's columns.
SCALARS = (
    "loss",
    "grad_norm",
    "clip_coefficient",
    "update_ratio",
    "learning_rate",
    "elapsed_s",
    "non_finite_count",
)
#: Quantities with one value a step and tensor.
PER_TENSOR = ("grad_norm", "weight_norm", "update_ratio", "zero_fraction")
