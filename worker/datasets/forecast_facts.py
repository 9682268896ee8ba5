"""Facts of a forecast: the past that it needs, and how far later parts lie from training.

Shapes: N rows of all series end to end, W windows.
"""

from collections.abc import Mapping

import numpy as np

from app.domain.data_facts import ColumnShift, LongerContext, RangeShift
from app.domain.scopes import Split
from app.domain.task import RequiredLag
from app.domain.telemetry import IntArray
from worker.datasets.context_gain import (
    LEAST_LONGER,
    MAX_SCORED_WINDOWS,
    MAX_WINDOWS,
    Part,
    estimate_lag,
    gain_of_longer,
    longest_context,
    spread,
)
from worker.datasets.range_shift import MAX_COMPARED, column_shift, covered_rows, largest
from worker.datasets.windows import Windows

#: Contexts in windows that are tried for a gain beyond the window, the longest first.
LONGER_WINDOWS = (4.0, 3.0, 2.0, 1.5)


def lag_of_windows(windows: Windows) -> RequiredLag:
    """Fitted on the training part, scored on the validation part."""
    held_out_W = windows.starts.get("validation")
    if held_out_W is None:
        return RequiredLag(method="no validation part to estimate it on")
    last = longest_context(windows.spec.window, windows.values_NF.shape[1])
    train, held_out = _parts(windows, windows.starts["train"], held_out_W, last=last)
    return estimate_lag(train, held_out, length=windows.spec.window, is_overlapping=True)


def longer_context(windows: Windows) -> LongerContext | None:
    """Of the longest context that enough windows have rows for; None where none has."""
    held_out_W = windows.starts.get("validation")
    if held_out_W is None:
        return None
    num_columns = windows.values_NF.shape[1]
    sizes = [round(factor * windows.spec.window) for factor in LONGER_WINDOWS]
    for size in (max(sizes[0], LEAST_LONGER), *sizes):
        last = longest_context(size, num_columns)
        train_W, later_W = (
            start_W[windows.have_before(start_W, last)]
            for start_W in (windows.starts["train"], held_out_W)
        )
        if last > windows.spec.window and len(train_W) >= 2 * num_columns * last:
            parts = _parts(windows, train_W, later_W, last=last)
            return gain_of_longer(*parts, shown=windows.spec.window)
    return None


def _parts(
    windows: Windows, train_W: IntArray, held_out_W: IntArray, *, last: int
) -> tuple[Part, Part]:
    """Inputs and targets of evenly spaced windows of two parts."""
    train_W, held_out_W = spread(train_W, MAX_WINDOWS), spread(held_out_W, MAX_SCORED_WINDOWS)
    return (
        (windows.inputs_of(train_W, last=last), windows.targets_of(train_W)),
        (windows.inputs_of(held_out_W, last=last), windows.targets_of(held_out_W)),
    )


def shift_of_windows(windows: Windows) -> Mapping[Split, RangeShift]:
    """Returns the shift of each later split of a forecast."""
    later = [split for split in windows.starts if split != "train"]
    return {split: _of_split(windows, split) for split in later}


def _of_split(windows: Windows, split: Split) -> RangeShift:
    spec = windows.spec
    train_W, later_W = windows.starts["train"], windows.starts[split]
    num_rows = len(windows.values_NF)
    shown_N = covered_rows(train_W, -spec.window, spec.horizon, num_rows)
    series_N, columns_NF = windows.target.series_N, windows.values_NF
    if spec.scaling == "per_window":
        target = _of_targets(windows, split)
    else:
        is_target_N = covered_rows(later_W, 0, spec.horizon, num_rows)
        is_target_N &= windows.target.is_measured_N
        target = column_shift(
            spec.target, columns_NF[:, 0], series_N, shown_N=shown_N, later_N=is_target_N
        )
    read_N = covered_rows(later_W, -spec.window, 0, num_rows) & ~shown_N
    inputs = (
        column_shift(
            spec.columns[place], columns_NF[:, place], series_N, shown_N=shown_N, later_N=read_N
        )
        for place in range(1, min(len(spec.columns), MAX_COMPARED))
    )
    return RangeShift(target=target, inputs=largest(inputs))


def _of_targets(windows: Windows, split: Split) -> ColumnShift | None:
    """Of the target in the scale of each window, which makes all series alike."""
    shown_N, later_N = (
        windows.targets_of(spread(windows.starts[part], MAX_WINDOWS)).ravel()
        for part in ("train", split)
    )
    is_later_N = np.arange(len(shown_N) + len(later_N)) >= len(shown_N)
    return column_shift(
        windows.spec.target,
        np.concatenate([shown_N, later_N]),
        np.zeros(len(is_later_N), dtype=np.int32),
        shown_N=~is_later_N,
        later_N=is_later_N,
    )
