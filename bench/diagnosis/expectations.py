"""What an expert expects the signs of each cause to be: where the coefficients start.

A weight is in nats for each usual spread of the sign. Runs move the weights from here; causes with
few runs stay near. The reasons are those of the causes' cards.
"""

from collections.abc import Mapping

#: Cause -> sign -> weight.
EXPECTED: Mapping[str, Mapping[str, float]] = {
    "learning_rate_too_high": {
        "factor_median": -0.5,
        "factor_least": -0.3,
        "step_gain_least": -0.3,
        "weights_grew": 0.4,
        "loss_early_max_over_start": 0.4,
        "update_median": 0.4,
        "loss_rough": 0.2,
        "train_fell": 0.3,
        "batch_factor_median": -0.3,
    },
    "learning_rate_too_low": {
        "factor_median": 0.5,
        "update_median": -0.5,
        "distance": -0.5,
        "loss_late_change": -0.2,
        "train_gain_late": 0.3,
        "weights_grew": -0.2,
    },
    "too_few_steps": {
        "factor_median": 0.2,
        "distance": -0.4,
        "loss_late_change": -0.3,
        "train_gain_late": 0.5,
    },
    "clip_threshold_too_low": {
        "clipped_share": 0.5,
        "clip_median": -0.6,
        "clip_late": -0.4,
        "factor_median": 0.4,
        "update_median": -0.4,
        "distance": -0.3,
        "second_moment_over_eps_last": -0.2,
    },
    "truncated_backpropagation": {
        "is_cut": 0.8,
        "ratio_last": -0.4,
        "ratio_first": -0.4,
        "uncut_ratio_last": 0.3,
    },
    "contractive_recurrence": {
        "ratio_first": -0.3,
        "ratio_last": -0.3,
        "decay_over_lags_first": -0.5,
        "radius_first": -0.4,
        "gate_radius_first": -0.4,
        "lyapunov_first": -0.5,
    },
    "closed_gates": {
        "kept_first": -0.5,
        "keeping_units_first": -0.3,
        "kept_last": -0.4,
        "forget_first": -0.4,
        "ratio_last": -0.2,
        "time_constant_first": 0.2,
    },
    "saturated_start": {
        "saturated_first": 0.6,
        "layer_saturated_first": 0.4,
        "gate_saturated_first": 0.5,
        "slope_first": -0.5,
    },
    "dead_start": {
        "dead_first": 0.8,
        "dead_last": 0.5,
        "zero_gradient_first": 0.4,
    },
    "expansive_recurrence": {
        "rise_first": 0.6,
        "lyapunov_first": 0.5,
        "radius_first": 0.4,
        "gate_radius_first": 0.4,
        "rise_last": 0.3,
        "grad_tail": 0.3,
    },
    "state_growth": {
        "state_growth_first": 0.4,
        "state_growth_last": 0.5,
    },
    "no_signal": {
        "gain_of_longer": -0.3,
        "gain_of_longer_over_chance": -0.2,
        "reference_validation": -0.6,
        "validation_progress": -0.2,
        "factor_median": -0.1,
        "best_gain_last": -0.3,
        "gap_of_splits": 0.2,
        "prediction_spread_last": -0.2,
    },
    "window_too_short": {
        "gain_of_longer": 0.6,
        "gain_of_longer_over_chance": 0.4,
        "reference_validation": -0.3,
        "train_progress": -0.1,
        "gap_of_splits": -0.1,
        "validation_progress": -0.1,
        "lag_share": 0.2,
    },
    "max_length_too_short": {
        "gain_of_longer": 0.6,
        "gain_of_longer_over_chance": 0.4,
        "reference_validation": -0.3,
        "gap_of_splits": -0.1,
        "lag_share": 0.2,
    },
    "distribution_shift": {
        "outside_share": 0.5,
        "outside_distance": 0.4,
        "level_move": 0.4,
        "floor_shift": 0.6,
        "gap_of_splits": 0.4,
        "reference_gap": 0.4,
        "train_progress": 0.3,
    },
    "outliers_dominate": {
        "loss_of_few_most": 0.5,
        "loss_of_few_median": 0.5,
        "train_error_tail": 0.5,
        "validation_error_tail": 0.4,
        "error_tail_gap": 0.2,
        "loss_tail": 0.3,
    },
    "class_imbalance": {
        "target_share": 0.6,
        "collapse": 0.3,
        "least_recall": -0.4,
        "predicted_share": 0.4,
    },
    "penalty_dominates": {
        "penalty_last": 0.6,
        "decay_last": 0.6,
        "penalty_cosine_last": -0.3,
        "decay_cosine_last": -0.3,
        "weights_grew": -0.4,
        "tensor_shrank": -0.4,
        "penalty_first": 0.3,
        "decay_first": 0.3,
    },
    "dropout_too_high": {
        "loss_rough": 0.2,
        "gap_of_splits": -0.1,
    },
    "overfitting": {
        "gap_of_splits": 0.5,
        "validation_fell": 0.5,
        "train_progress": 0.5,
        "loss_end_over_start": -0.3,
        "reference_validation": 0.1,
        "validation_best": 0.1,
    },
    "too_few_data": {
        "gap_of_splits": 0.5,
        "train_progress": 0.4,
        "reference_gap": 0.4,
        "validation_best": -0.2,
        "loss_end_over_start": -0.3,
    },
    "capacity_too_small": {
        "train_progress": 0.1,
        "gap_of_splits": -0.2,
        "loss_late_change": 0.1,
        "train_rough": -0.1,
    },
}
#: Log prior of causes that no run of the benchmark has, against the others.
RARE: Mapping[str, float] = {
    "state_growth": -3.0,
    "unreliable_start": -3.0,
    "numeric_precision": -4.0,
}
