"""The causes that a judge may name, in families, and the findings that go with each.

A cause is something that a client can change. Judges that use other names are translated by
`ALIASES`.
"""

from collections.abc import Mapping
from types import MappingProxyType

#: Leaf -> family.
FAMILIES: Mapping[str, str] = MappingProxyType(
    {
        "learning_rate_too_high": "step_size",
        "learning_rate_too_low": "step_size",
        "too_few_steps": "step_size",
        "clip_threshold_too_low": "step_size",
        "truncated_backpropagation": "short_memory",
        "contractive_recurrence": "short_memory",
        "closed_gates": "short_memory",
        "saturated_start": "short_memory",
        "dead_start": "short_memory",
        "expansive_recurrence": "expansion",
        "state_growth": "expansion",
        "no_signal": "data",
        "window_too_short": "data",
        "max_length_too_short": "data",
        "distribution_shift": "data",
        "outliers_dominate": "data",
        "class_imbalance": "data",
        "penalty_dominates": "regularised_away",
        "dropout_too_high": "regularised_away",
        "overfitting": "budget_and_size",
        "too_few_data": "budget_and_size",
        "capacity_too_small": "budget_and_size",
        "unreliable_start": "budget_and_size",
        "numeric_precision": "budget_and_size",
    }
)
#: Code of a judge -> leaf, where they differ.
ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "closed_forget_gate": "closed_gates",
        "open_update_gate": "closed_gates",
        "reach_still_growing": "too_few_steps",
        "saturated_cell": "saturated_start",
        "slow_convergence": "learning_rate_too_low",
    }
)
#: Leaves that are one: a slower rate and fewer steps are the same where the loss still falls.
TWINS: tuple[frozenset[str], ...] = (
    frozenset({"learning_rate_too_low", "too_few_steps"}),
    frozenset({"window_too_short", "max_length_too_short"}),
)
#: Leaf -> codes of findings that describe a run with this cause.
FINDINGS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "learning_rate_too_high": frozenset(
            {
                "learning_rate_too_high",
                "exploding_gradient",
                "diverging_loss",
                "oscillating_loss",
                "non_finite",
                "saturated_gates",
                "saturated_activations",
                "dead_units",
                "clipping_masks_explosion",
            }
        ),
        "learning_rate_too_low": frozenset(
            {"learning_rate_too_low", "slow_convergence", "loss_plateau"}
        ),
        "too_few_steps": frozenset({"learning_rate_too_low", "slow_convergence"}),
        "clip_threshold_too_low": frozenset({"clipping_always", "slow_convergence"}),
        "truncated_backpropagation": frozenset({"truncation_too_short", "vanishing_gradient"}),
        "contractive_recurrence": frozenset({"vanishing_gradient", "poor_initialization"}),
        "closed_gates": frozenset({"vanishing_gradient", "saturated_gates", "poor_initialization"}),
        "saturated_start": frozenset(
            {
                "saturated_gates",
                "saturated_activations",
                "vanishing_gradient",
                "exploding_gradient",
                "poor_initialization",
            }
        ),
        "dead_start": frozenset({"dead_units", "vanishing_gradient", "poor_initialization"}),
        "expansive_recurrence": frozenset(
            {
                "exploding_gradient",
                "clipping_masks_explosion",
                "non_finite",
                "saturated_activations",
                "poor_initialization",
            }
        ),
        "state_growth": frozenset({"exploding_gradient", "non_finite"}),
        "no_signal": frozenset({"no_better_than_baseline", "overfitting", "loss_plateau"}),
        "window_too_short": frozenset({"window_too_short"}),
        "max_length_too_short": frozenset({"window_too_short"}),
        "distribution_shift": frozenset({"distribution_shift"}),
        "outliers_dominate": frozenset({"outliers_dominate"}),
        "class_imbalance": frozenset({"class_collapse"}),
        "penalty_dominates": frozenset({"penalty_dominates"}),
        "dropout_too_high": frozenset({"penalty_dominates", "loss_plateau", "slow_convergence"}),
        "overfitting": frozenset({"overfitting"}),
        "too_few_data": frozenset({"overfitting"}),
        "capacity_too_small": frozenset({"loss_plateau"}),
        "unreliable_start": frozenset({"loss_plateau"}),
        "numeric_precision": frozenset({"non_finite", "vanishing_gradient"}),
    }
)
#: A finding that is right for every failed run, so that it tells nothing of the cause.
OUTCOME_CODE = "no_better_than_baseline"


def leaf_of(code: str) -> str | None:
    """Returns the leaf that a judge means; None for a code that is none, such as `undetermined`."""
    leaf = ALIASES.get(code, code)
    return leaf if leaf in FAMILIES else None


def twins_of(leaf: str) -> frozenset[str]:
    """Returns the leaf and those that count as the same."""
    return next((pair for pair in TWINS if leaf in pair), frozenset({leaf}))
