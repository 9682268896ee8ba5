"""The words for what can be wrong with a run: symptoms, and what brings them about."""

from enum import StrEnum


class FindingCode(StrEnum):
    """Symptoms that are looked for."""

    #: The gradient does not reach as far back in time as the task needs.
    VANISHING_GRADIENT = "vanishing_gradient"
    #: The gradient is so large that it no longer says where to go.
    EXPLODING_GRADIENT = "exploding_gradient"
    #: The loss or a gradient is NaN or infinite.
    NON_FINITE = "non_finite"
    #: Clipping hides a gradient that explodes, and the task is not learned.
    CLIPPING_MASKS_EXPLOSION = "clipping_masks_explosion"
    #: A trivial predictor does as well.
    NO_BETTER_THAN_BASELINE = "no_better_than_baseline"


class CauseCode(StrEnum):
    """What brings a symptom about."""

    #: The recurrent Jacobian shrinks what passes through it.
    CONTRACTIVE_RECURRENCE = "contractive_recurrence"
    #: The activation is flat where the units live, so its derivative is near 0.
    SATURATED_CELL = "saturated_cell"
    #: LSTM's forget gate lets too little of the cell through.
    CLOSED_FORGET_GATE = "closed_forget_gate"
    #: GRU's update gate keeps too little of the state.
    OPEN_UPDATE_GATE = "open_update_gate"
    #: `bptt_length` ends the gradient before the lag that the task needs.
    TRUNCATED_BACKPROPAGATION = "truncated_backpropagation"
    #: The recurrent Jacobian enlarges what passes through it.
    EXPANSIVE_RECURRENCE = "expansive_recurrence"
    #: Each update changes the weights by a large share of their norm.
    LEARNING_RATE_TOO_HIGH = "learning_rate_too_high"
    #: Updates are too small to get anywhere in the steps asked for.
    LEARNING_RATE_TOO_LOW = "learning_rate_too_low"
    #: The data hold a value that is NaN or infinite.
    NON_FINITE_INPUT = "non_finite_input"
    #: The gradient does not reach the lag that the task needs.
    SHORT_REACH = "short_reach"
    #: The reach still grows: the run is too short, not wrong.
    REACH_STILL_GROWING = "reach_still_growing"
