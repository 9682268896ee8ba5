"""Faults in the data, and in what of it the network sees."""

from bench.diagnosis.faults.kind import Change, FaultKind, needed_length
from bench.diagnosis.tasks import BaseTask


def _kind(task: BaseTask) -> str:
    return "" if task.upload is None else task.upload.kind


def _is_classification(task: BaseTask) -> bool:
    return _kind(task) == "labelled" and task.dataset.get("task") != "regression"


def _noise(task: BaseTask, share: float) -> Change | None:
    return Change(options={"random_share": share}) if task.upload is not None else None


def _window(task: BaseTask, share: float) -> Change | None:
    if _kind(task) != "series":
        return None
    window = max(2, round(needed_length(task) * share))
    return Change(patch={"dataset": {"window": window}})


def _max_length(task: BaseTask, share: float) -> Change | None:
    if _kind(task) != "labelled":
        return None
    length = max(2, round(needed_length(task) * share))
    lag = min(length - 1, needed_length(task) - 1)
    declared = {"dependency_lag": lag} if "dependency_lag" in task.dataset else {}
    return Change(patch={"dataset": {"max_length": length, **declared}})


def _trend(task: BaseTask, rise: float) -> Change | None:
    return Change(options={"trend": rise}) if _kind(task) == "series" else None


def _outliers(task: BaseTask, size: float) -> Change | None:
    if _kind(task) == "series" or task.dataset.get("task") == "regression":
        return Change(options={"outliers": 3, "outlier_size": size})
    return None


def _rare(task: BaseTask, share: float) -> Change | None:
    if not _is_classification(task):
        return None
    return Change(options={"rare_share": share, "sequences": 1400})


KINDS = (
    FaultKind(name="random_data", leaf="no_signal", levels=(0.03, 0.2, 0.6, 1), draw=_noise),
    FaultKind(
        name="short_window", leaf="window_too_short", levels=(0.8, 0.4, 0.2, 0.05), draw=_window
    ),
    FaultKind(
        name="short_sequences",
        leaf="max_length_too_short",
        levels=(1, 0.8, 0.5, 0.2),
        draw=_max_length,
    ),
    FaultKind(name="trend", leaf="distribution_shift", levels=(0.2, 2, 8, 40), draw=_trend),
    FaultKind(
        name="outliers", leaf="outliers_dominate", levels=(0.5, 10, 300, 1e4), draw=_outliers
    ),
    FaultKind(
        name="rare_class", leaf="class_imbalance", levels=(0.35, 0.12, 0.05, 0.02), draw=_rare
    ),
)
