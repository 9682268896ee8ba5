"""The words for what can be wrong with a run: symptoms, and what brings them about."""

from enum import StrEnum
from typing import Self


class _Named(StrEnum):
    """A stable word with the line that explains it."""

    summary: str

    def __new__(cls, value: str, summary: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.summary = summary
        return member


class FindingCode(_Named):
    """Symptoms that are looked for."""

    VANISHING_GRADIENT = (
        "vanishing_gradient",
        "The gradient does not reach as far back in time as the task needs.",
    )
    EXPLODING_GRADIENT = (
        "exploding_gradient",
        "The gradient is so large that it no longer says where to go.",
    )
    NON_FINITE = ("non_finite", "The loss or a gradient is NaN or infinite.")
    CLIPPING_MASKS_EXPLOSION = (
        "clipping_masks_explosion",
        "Clipping hides a gradient that explodes, and the task is not learned.",
    )
    NO_BETTER_THAN_BASELINE = ("no_better_than_baseline", "A trivial predictor does as well.")


class CauseCode(_Named):
    """What brings a symptom about."""

    CONTRACTIVE_RECURRENCE = (
        "contractive_recurrence",
        "The recurrent Jacobian shrinks what passes through it.",
    )
    SATURATED_CELL = (
        "saturated_cell",
        "The activation is flat where the units live, so its derivative is near 0.",
    )
    CLOSED_FORGET_GATE = (
        "closed_forget_gate",
        "LSTM's forget gate lets too little of the cell through.",
    )
    OPEN_UPDATE_GATE = ("open_update_gate", "GRU's update gate keeps too little of the state.")
    TRUNCATED_BACKPROPAGATION = (
        "truncated_backpropagation",
        "`bptt_length` ends the gradient before the lag that the task needs.",
    )
    EXPANSIVE_RECURRENCE = (
        "expansive_recurrence",
        "The recurrent Jacobian enlarges what passes through it.",
    )
    LEARNING_RATE_TOO_HIGH = (
        "learning_rate_too_high",
        "Each update changes the weights by a large share of their norm.",
    )
    LEARNING_RATE_TOO_LOW = (
        "learning_rate_too_low",
        "Updates are too small to get anywhere in the steps asked for.",
    )
    NON_FINITE_INPUT = ("non_finite_input", "The data hold a value that is NaN or infinite.")
    SHORT_REACH = ("short_reach", "The gradient does not reach the lag that the task needs.")
    REACH_STILL_GROWING = (
        "reach_still_growing",
        "The reach still grows: the run is too short, not wrong.",
    )
