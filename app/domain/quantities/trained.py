"""What is read of training itself: at every step, and at evaluations."""

from app.domain.quantities.quantity import Cadence, Quantity

EVERY_STEP = (
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

EVALUATION = (
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
