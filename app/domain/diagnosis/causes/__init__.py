"""All causes, one module each. They do not import each other."""

from app.domain.diagnosis.cause import CauseCard
from app.domain.diagnosis.causes import (
    closed_forget_gate,
    contractive_recurrence,
    expansive_recurrence,
    learning_rate_too_high,
    learning_rate_too_low,
    non_finite_input,
    open_update_gate,
    reach_still_growing,
    saturated_cell,
    short_reach,
    truncated_backpropagation,
)

#: A finding has the first cause in this order whose test holds. Truncation comes before gates,
#: gates before activations, and the recurrence itself last.
CAUSES: tuple[CauseCard, ...] = (
    truncated_backpropagation.CARD,
    closed_forget_gate.CARD,
    open_update_gate.CARD,
    saturated_cell.CARD,
    contractive_recurrence.CARD,
    non_finite_input.CARD,
    reach_still_growing.CARD,
    short_reach.CARD,
    expansive_recurrence.CARD,
    learning_rate_too_low.CARD,
    learning_rate_too_high.CARD,
)
