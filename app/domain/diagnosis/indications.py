"""Groups of causes and findings that several remedies act on, by their codes."""

#: Causes within the network for which the gradient does not reach the required lag.
CAUSES_OF_SHORT_REACH = frozenset(
    {"contractive_recurrence", "closed_gates", "saturated_start", "dead_start"}
)
#: Findings of a gradient that is too large.
LARGE_GRADIENT_FINDINGS = frozenset(
    {"exploding_gradient", "non_finite", "clipping_masks_explosion"}
)
