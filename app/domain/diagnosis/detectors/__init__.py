"""All detectors, one module each. They do not import each other."""

from typing import Any

from app.domain.diagnosis.detector import DetectorCard
from app.domain.diagnosis.detectors import (
    class_collapse,
    clipping_always,
    clipping_masks_explosion,
    dead_units,
    distribution_shift,
    diverging_loss,
    exploding_gradient,
    learning_rate_too_high,
    learning_rate_too_low,
    loss_plateau,
    no_better_than_baseline,
    non_finite,
    oscillating_loss,
    outliers_dominate,
    overfitting,
    penalty_dominates,
    poor_initialization,
    saturated_activations,
    saturated_gates,
    slow_convergence,
    truncation_too_short,
    vanishing_gradient,
    window_too_short,
)

#: In the order of a diagnosis' findings. Any, because each has its own class of thresholds.
DETECTORS: tuple[DetectorCard[Any], ...] = (
    non_finite.CARD,
    exploding_gradient.CARD,
    clipping_masks_explosion.CARD,
    vanishing_gradient.CARD,
    learning_rate_too_high.CARD,
    learning_rate_too_low.CARD,
    clipping_always.CARD,
    penalty_dominates.CARD,
    outliers_dominate.CARD,
    class_collapse.CARD,
    truncation_too_short.CARD,
    dead_units.CARD,
    saturated_gates.CARD,
    saturated_activations.CARD,
    poor_initialization.CARD,
    distribution_shift.CARD,
    window_too_short.CARD,
    no_better_than_baseline.CARD,
    diverging_loss.CARD,
    oscillating_loss.CARD,
    overfitting.CARD,
    loss_plateau.CARD,
    slow_convergence.CARD,
)
