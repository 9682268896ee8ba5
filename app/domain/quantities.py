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

_EVALUATION = (
    Quantity(
        name="mse",
        unit="target squared",
        formula="mean over a split of the squared error, in the target's own scale",
        source="measured",
        cadence=Cadence.EVALUATION,
    ),
    Quantity(
        name="mae",
        unit="target",
        formula="mean over a split of the absolute error, in the target's own scale",
        source="measured",
        cadence=Cadence.EVALUATION,
    ),
    Quantity(
        name="cross_entropy",
        unit="nats",
        formula="mean over a split of -ln p(target class)",
        source="measured",
        cadence=Cadence.EVALUATION,
    ),
    Quantity(
        name="accuracy",
        unit="1",
        formula="share of a split whose most probable class is the target",
        source="measured",
        cadence=Cadence.EVALUATION,
    ),
    Quantity(
        name="bits_per_character",
        unit="bits",
        formula="mean over a split of -log2 p(next character)",
        source="measured",
        cadence=Cadence.EVALUATION,
    ),
)
_LAG_PROFILE = (
    Quantity(
        name="gradient_horizon",
        unit="timesteps",
        formula="largest lag before the lag profile first falls below 1 % of lag 0",
        source="measured",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="gradient_ratio_at_required_lag",
        unit="1",
        formula="lag profile at the lag that the task needs / at lag 0; small = vanished",
        source="Bengio et al. 1994",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="decay_rate",
        unit="nats / timestep",
        formula="Theil-Sen slope of ln(lag profile) past its entry; negative = decays",
        source="Theil 1950, Sen 1968",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="entry_ratio",
        unit="1",
        formula="lag profile where its entry transient ends / at lag 0",
        source="measured",
        cadence=Cadence.PROBE,
    ),
)
_PROBE = (
    Quantity(
        name="spectral_radius",
        unit="1",
        formula="largest |eigenvalue| of a recurrent matrix, per gate",
        source="Pascanu et al. 2013",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="sigma_max",
        unit="1",
        formula="largest singular value of a recurrent matrix, per gate; < 1 suffices to vanish",
        source="Pascanu et al. 2013",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="gate_mean",
        unit="1",
        formula="mean of a gate over units, valid timesteps and sequences",
        source="Hochreiter & Schmidhuber 1997",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="mean_derivative",
        unit="1",
        formula="mean slope of a gate's activation; near 0 = it cannot be moved",
        source="measured",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="saturated_fraction",
        unit="1",
        formula="share of gate or tanh values within 5 % of their limits",
        source="SageMaker Debugger, SaturatedActivation",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="dead_fraction",
        unit="1",
        formula="share of relu units that are positive at no timestep of any sequence",
        source="AutoTrainer, dying ReLU",
        cadence=Cadence.PROBE,
    ),
    *(
        Quantity(
            name=f"lyapunov_{rank}",
            unit="nats / timestep",
            formula=f"Lyapunov exponent {rank} of a layer by QR along its states; positive = grows",
            source="Benettin et al. 1980",
            cadence=Cadence.PROBE,
        )
        for rank in range(1, 5)
    ),
    Quantity(
        name="checksum_error",
        unit="1",
        formula="relative difference of parameter gradients by replay and by autograd",
        source="measured",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="probe_seconds",
        unit="s",
        formula="time that the probes of one step took",
        source="measured",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="probe_share",
        unit="1",
        formula="share of wall time that probes took so far",
        source="measured",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="non_finite.where",
        unit="index",
        formula="where the first NaN or infinity arose: input, forward, loss, backward, optimizer",
        source="measured",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="non_finite.timestep",
        unit="timesteps",
        formula="position in the sequence at which it arose",
        source="measured",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="non_finite.batch_row",
        unit="index",
        formula="sequences of the batch in which it arose",
        source="measured",
        cadence=Cadence.PROBE,
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

#: Read off the lag profile of a scope, and served like every other probe's scalar.
LAG_PROFILE = tuple(quantity.name for quantity in _LAG_PROFILE)
QUANTITIES = (*_EVERY_STEP, *_EVALUATION, *_LAG_PROFILE, *_PROBE)


def quantity_names() -> tuple[str, ...]:
    return tuple(quantity.name for quantity in QUANTITIES)


def unit_of(name: str) -> str:
    """Empty for a quantity that is not in the table."""
    return next((quantity.unit for quantity in QUANTITIES if quantity.name == name), "")
