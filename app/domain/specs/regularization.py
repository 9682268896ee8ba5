"""Penalties that are added to the loss."""

from app.domain.specs.base import NonNegative, Spec


class RegularizationSpec(Spec):
    """Penalties on the weights, without biases, that are added to the loss."""

    l1: NonNegative = 0.0
    """Coefficient of the sum of absolute weights."""
    l2: NonNegative = 0.0
    """Coefficient of the sum of squared weights."""
