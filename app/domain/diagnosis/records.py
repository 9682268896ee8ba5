"""How often each remedy cured each cause. Written by the benchmark (`records`)."""

from types import MappingProxyType

from app.domain.diagnosis.record import Record, Records

SOURCE = "bench/diagnosis/cures.jsonl, calibration tasks"


def _record(tried: int, cured: int, control_cured: int) -> Record:
    return Record(tried=tried, cured=cured, control_cured=control_cured, source=SOURCE)


RECORDS: Records = MappingProxyType(
    {
        "capacity_too_small": {
            "larger_network": _record(7, 6, 0),
        },
        "class_imbalance": {
            "balance_classes": _record(1, 0, 0),
        },
        "clip_threshold_too_low": {
            "loosen_clip": _record(19, 17, 0),
            "raise_learning_rate": _record(19, 1, 0),
            "use_adam": _record(14, 12, 0),
        },
        "closed_gates": {
            "raise_forget_bias": _record(4, 4, 0),
            "set_time_constants": _record(7, 7, 0),
            "use_lstm_with_forget_bias": _record(1, 1, 0),
            "usual_start": _record(7, 7, 0),
        },
        "contractive_recurrence": {
            "orthogonal_recurrent_init": _record(14, 6, 0),
            "scale_recurrent_init": _record(6, 4, 0),
            "use_gated_cell": _record(14, 13, 0),
            "use_identity_relu": _record(14, 14, 0),
            "use_lstm_with_forget_bias": _record(14, 8, 0),
            "usual_start": _record(7, 6, 0),
        },
        "dead_start": {
            "use_gated_cell": _record(7, 7, 0),
            "use_tanh": _record(7, 5, 0),
            "usual_start": _record(7, 7, 0),
        },
        "distribution_shift": {
            "difference_target": _record(6, 6, 0),
            "scale_by_window": _record(6, 6, 0),
        },
        "dropout_too_high": {
            "less_dropout": _record(4, 3, 0),
        },
        "expansive_recurrence": {
            "clip_norm": _record(6, 0, 0),
            "orthogonal_recurrent_init": _record(17, 16, 0),
            "scale_recurrent_init": _record(17, 16, 0),
            "shorten_bptt": _record(4, 0, 0),
            "use_gated_cell": _record(17, 17, 0),
            "usual_start": _record(17, 16, 0),
        },
        "learning_rate_too_high": {
            "clip_norm": _record(8, 0, 0),
            "larger_batch": _record(6, 6, 0),
            "lower_learning_rate": _record(25, 22, 0),
            "use_adam": _record(12, 12, 0),
            "warm_up": _record(25, 13, 0),
        },
        "learning_rate_too_low": {
            "keep_learning_rate": _record(10, 9, 0),
            "raise_learning_rate": _record(22, 10, 0),
            "train_longer": _record(27, 10, 0),
            "use_adam": _record(2, 2, 0),
            "use_small_eps": _record(5, 5, 0),
        },
        "max_length_too_short": {
            "keep_whole_sequences": _record(5, 5, 0),
        },
        "outliers_dominate": {
            "robust_loss": _record(7, 3, 0),
            "scale_by_window": _record(5, 1, 0),
        },
        "overfitting": {
            "smaller_network": _record(7, 0, 0),
            "stop_early": _record(7, 1, 0),
            "use_weight_decay": _record(7, 1, 0),
        },
        "penalty_dominates": {
            "weaken_penalty": _record(21, 18, 0),
        },
        "saturated_start": {
            "scale_by_window": _record(3, 0, 0),
            "use_gated_cell": _record(4, 4, 0),
            "usual_start": _record(13, 12, 0),
        },
        "too_few_data": {
            "smaller_network": _record(1, 0, 0),
            "stop_early": _record(1, 0, 0),
            "use_weight_decay": _record(1, 0, 0),
        },
        "too_few_steps": {
            "raise_learning_rate": _record(4, 1, 0),
            "train_longer": _record(7, 4, 0),
        },
        "truncated_backpropagation": {
            "lengthen_bptt": _record(4, 4, 0),
            "set_time_constants": _record(2, 0, 0),
        },
    }
)
