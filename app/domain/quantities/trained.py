"""The quantities of training itself: at every step, and at single steps."""

from app.domain.quantities.quantity import Cadence, Quantity

#: Names that other modules use.
PROBE_SECONDS, PROBE_SHARE = "probe_seconds", "probe_share"
NON_FINITE_WHERE = "non_finite.where"
NON_FINITE_TIMESTEP = "non_finite.timestep"
NON_FINITE_BATCH_ROW = "non_finite.batch_row"

EVERY_STEP = (
    Quantity(
        name="loss",
        unit="task loss",
        formula="mean over the batch's loss terms, without penalties",
        reduction="mean over the batch's loss terms",
        cost="none: part of the step",
        source="measured",
        cadence=Cadence.EVERY_STEP,
    ),
    Quantity(
        name="grad_norm",
        unit="loss / weight",
        formula="global L2 norm of the gradient of loss plus penalties, before clipping",
        reduction="L2 over entries and tensors, in double precision",
        cost="one pass over the gradient a step",
        source="Pascanu et al. 2013",
        cadence=Cadence.EVERY_STEP,
        is_per_tensor=True,
    ),
    Quantity(
        name="clip_coefficient",
        unit="1",
        formula="norm after clipping / norm before; 1 = unchanged, < 1 = clipped, > 1 = raised; "
        "0 with a finite norm = the step was zeroed",
        reduction="none: one value per step",
        cost="none: part of the step",
        source="Pascanu et al. 2013, algorithm 1",
        cadence=Cadence.EVERY_STEP,
    ),
    Quantity(
        name="update_ratio",
        unit="1",
        formula="L2 norm of the step's weight change / L2 norm of the weights",
        reduction="L2 over entries and tensors",
        cost="a copy and a pass over the weights a step",
        source="SageMaker Debugger, WeightUpdateRatio",
        cadence=Cadence.EVERY_STEP,
        is_per_tensor=True,
    ),
    Quantity(
        name="learning_rate",
        unit="1",
        formula="the value of the schedule for the step",
        reduction="none: one value per step",
        cost="nothing",
        source="measured",
        cadence=Cadence.EVERY_STEP,
    ),
    Quantity(
        name="elapsed_s",
        unit="s",
        formula="training time since this attempt's first step",
        reduction="none: one value per step",
        cost="reading a clock",
        source="measured",
        cadence=Cadence.EVERY_STEP,
    ),
    Quantity(
        name="non_finite_count",
        unit="entries",
        formula="entries of the gradient that are NaN or infinite",
        reduction="sum over the gradient's entries",
        cost="one pass over the gradient if a norm is not finite",
        source="measured",
        cadence=Cadence.EVERY_STEP,
    ),
    Quantity(
        name="weight_norm",
        unit="weight",
        formula="L2 norm of the weights before the step's update",
        reduction="L2 over the tensor's entries, in double precision",
        cost="one pass over the weights a step",
        source="measured",
        cadence=Cadence.EVERY_STEP,
        is_of_model=False,
        is_per_tensor=True,
    ),
    Quantity(
        name="zero_fraction",
        unit="1",
        formula="share of the gradient's entries that are exactly 0",
        reduction="mean over the tensor's entries",
        cost="one pass over the gradient a step",
        source="AutoTrainer, dying ReLU",
        cadence=Cadence.EVERY_STEP,
        is_of_model=False,
        is_per_tensor=True,
    ),
)

#: The cost of a run's probes.
PROBE_COST = (
    Quantity(
        name=PROBE_SECONDS,
        unit="s",
        formula="time that the probes of one step took",
        reduction="sum over all probes of the step",
        cost="reading a clock",
        source="measured",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name=PROBE_SHARE,
        unit="1",
        formula="share of wall time that probes took so far",
        reduction="sum of seconds / wall time, without the first and the last probe",
        cost="nothing",
        source="measured",
        cadence=Cadence.PROBE,
    ),
)

#: Where a run stopped being finite.
ORIGIN = (
    Quantity(
        name=NON_FINITE_WHERE,
        unit="index",
        formula="where the first NaN or infinity arose: input, forward, loss, backward, optimizer",
        reduction="first in the order of computation",
        cost="a forward pass that checks each layer, once per run",
        source="measured",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name=NON_FINITE_TIMESTEP,
        unit="timesteps",
        formula="timestep at which the first NaN or infinity arose",
        reduction="the first in the order of computation: the last timestep in the backward pass",
        cost="none: found with non_finite.where",
        source="measured",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name=NON_FINITE_BATCH_ROW,
        unit="index",
        formula="sequences of the batch in which the first NaN or infinity arose",
        reduction="none: one value per sequence, up to a limit",
        cost="none: found with non_finite.where",
        source="measured",
        cadence=Cadence.PROBE,
    ),
)
