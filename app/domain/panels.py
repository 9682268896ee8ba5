"""The series of a forecast: their rows, windows and scales, and those that are left out.

A worker trains on what this module returns, and a dry run reports what it refuses.
Shapes: N rows of the file, n rows of a series, F columns (the target first), W windows.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from app.domain.calendar_features import Seconds, local_seconds, positions
from app.domain.equal_times import rows_of_times
from app.domain.errors import InvalidData
from app.domain.scopes import SPLITS, Split
from app.domain.specs.dataset.forecast import ForecastSpec
from app.domain.splits import Bounds, bounds
from app.domain.table_arrays import (
    groups,
    matrix,
    refuse_missing,
    refused,
    scale_of,
)
from app.domain.tables import ColumnType, Table
from app.domain.telemetry import DoubleArray, IntArray

#: Series whose reasons are told when they are left out.
MAX_REASONS = 3


@dataclass(frozen=True, kw_only=True)
class CutSeries:
    """A series that can be trained on."""

    #: Position of the series among all of the file.
    index: int
    #: Label in the series column; None if the file is one series.
    label: str | None
    #: (n, F) without gaps, in the units of the file.
    values_nF: DoubleArray
    #: (n,) The target before each of its transforms, and at last what the network learns.
    levels: tuple[DoubleArray, ...]
    #: (n,) Whether the target was measured, and not filled in.
    is_measured_n: NDArray[np.bool_]
    #: Rows of the training part, which is the first one.
    num_train: int
    #: Of the training part, with the target in its own units.
    target_mean: float
    target_std: float
    #: Of the training part, or of those of all series; with the transformed target.
    mean_F: DoubleArray
    std_F: DoubleArray
    #: (n,) Local time in seconds since 1970; None without a calendar.
    local_n: Seconds | None
    #: First target row of each window, by split.
    starts: Mapping[Split, IntArray]
    #: First target row of each window that has room for a recursive forecast, by split.
    rollouts: Mapping[Split, IntArray]

    @property
    def learned_nF(self) -> DoubleArray:  # noqa: N802 - a tensor's name
        """The columns with the transformed target, NaN in the first rows."""
        return np.column_stack([self.levels[-1], self.values_nF[:, 1:]])


@dataclass(frozen=True, kw_only=True)
class LeftOutSeries:
    """A series that cannot be trained on, and the reason."""

    label: str | None
    error: InvalidData


@dataclass(frozen=True, kw_only=True)
class Panel:
    """The series of a file, in the order of their labels."""

    spec: ForecastSpec
    #: NaN where missing.
    values_NF: DoubleArray
    labels: Sequence[str | None]
    #: Rows of each series, in time order.
    rows: Sequence[IntArray]
    #: (N,) Local time in seconds since 1970; None without a calendar.
    local_N: Seconds | None = None

    @classmethod
    def of(cls, spec: ForecastSpec, table: Table) -> Self:
        """Raises InvalidData for missing values, unless the spec allows them, and equal times."""
        values_NF = matrix(table, spec.columns)
        _refuse_without_logarithm(spec, table, values_NF[:, 0])
        if spec.missing == "reject":
            refuse_missing(table, values_NF, spec.columns)
        column = spec.series_column
        return cls(
            spec=spec,
            values_NF=values_NF,
            labels=(None,) if column is None else groups(table, column)[1],
            rows=rows_of_times(spec, table, values_NF),
            local_N=_local_times(spec, table),
        )

    def cut(self) -> Iterator[CutSeries | LeftOutSeries]:
        """Yields each series, in order. Raises InvalidData if all were left out."""
        if self.spec.scaling == "global":
            found = list(self._cut_each())
            mean_F, std_F = self._shared_scale(found)
            for each in found:
                if isinstance(each, CutSeries):
                    yield replace(each, mean_F=mean_F, std_F=std_F)
                else:
                    yield each
        else:
            yield from self._cut_each()

    def _cut_each(self) -> Iterator[CutSeries | LeftOutSeries]:
        """Yields each series. Raises InvalidData at the end if all were left out."""
        first_error: InvalidData | None = None
        num_cut = num_rolled = 0
        for index, label in enumerate(self.labels):
            try:
                series = self._cut(index)
            except InvalidData as error:
                first_error = first_error or error
                yield LeftOutSeries(label=label, error=error)
            else:
                num_cut += 1
                num_rolled += sum(len(start_W) for start_W in series.rollouts.values())
                yield series
        if first_error is not None and not num_cut:
            raise first_error
        if self.spec.recursive_steps is not None and not num_rolled:
            detail = f"no series has room for {self.spec.recursive_steps} recursive steps in its "
            detail += "validation or test part"
            raise InvalidData(detail)

    def _shared_scale(self, found: Sequence[CutSeries | LeftOutSeries]) -> DoubleArray:
        """(2, F): mean and standard deviation of the training parts of all that are cut."""
        reach = self.spec.target_transform.reach
        parts = [
            each.learned_nF[reach : each.num_train] for each in found if isinstance(each, CutSeries)
        ]
        part = f"the training parts of all series{self._transformed}"
        return scale_of(np.concatenate(parts), self.spec.columns, what=part)

    @property
    def _transformed(self) -> str:
        transform = self.spec.target_transform
        return f", with the target after {transform.in_words}" if transform.parts else ""

    def without_gaps(self, index: int) -> tuple[DoubleArray, NDArray[np.bool_], IntArray]:
        """Returns values of a series, whether each target was measured, and rows of the file.

        Missing values are filled from the row before, where the spec asks for it. Rows that still
        miss a value are dropped.
        """
        values_nF = self.values_NF[self.rows[index]]
        is_measured_n = ~np.isnan(values_nF[:, 0])
        if self.spec.missing == "forward_fill":
            row_nF = np.where(np.isnan(values_nF), 0, np.arange(len(values_nF))[:, None])
            latest_nF = np.maximum.accumulate(row_nF, axis=0)
            values_nF = np.take_along_axis(values_nF, latest_nF, axis=0)
        is_whole_n = ~np.isnan(values_nF).any(axis=1)
        return values_nF[is_whole_n], is_measured_n[is_whole_n], self.rows[index][is_whole_n]

    def _cut(self, index: int) -> CutSeries:
        """Returns a series with its windows and scale. Raises InvalidData if it has none."""
        spec, label = self.spec, self.labels[index]
        what = "the series" if label is None else f"series {label!r}"
        values_nF, is_measured_n, rows_n = self.without_gaps(index)
        ends = bounds(len(values_nF), spec.split, what=f"rows of {what}")
        _refuse_long_season(spec, ends[0], what)
        starts = _starts(spec, ends, what, is_measured_n)
        part = f"the training part of {what} (its first {ends[0]} rows)"
        target = scale_of(values_nF[: ends[0], :1], spec.columns[:1], what=part)
        cut = CutSeries(
            index=index,
            label=label,
            values_nF=values_nF,
            levels=spec.target_transform.levels(values_nF[:, 0]),
            is_measured_n=is_measured_n,
            num_train=ends[0],
            target_mean=float(target[0, 0]),
            target_std=float(target[1, 0]),
            mean_F=target[0],
            std_F=target[1],
            local_n=None if self.local_N is None else self.local_N[rows_n],
            starts=starts,
            rollouts=_rollouts(spec, ends),
        )
        if spec.scaling == "global":
            return cut
        learned_nF = cut.learned_nF[spec.target_transform.reach : ends[0]]
        mean_F, std_F = scale_of(learned_nF, spec.columns, what=f"{part}{self._transformed}")
        return replace(cut, mean_F=mean_F, std_F=std_F)


def note_of_left_out(left_out: Sequence[LeftOutSeries], *, num_series: int) -> str | None:
    """Returns one sentence on the series that are left out; None if all are trained on."""
    if not left_out:
        return None
    reasons = "; ".join(each.error.detail for each in left_out[:MAX_REASONS])
    if len(left_out) > MAX_REASONS:
        reasons += f"; and {len(left_out) - MAX_REASONS} more"
    verb = "is" if len(left_out) == 1 else "are"
    return f"{len(left_out)} of {num_series} series {verb} left out: {reasons}"


def _local_times(spec: ForecastSpec, table: Table) -> Seconds | None:
    """Raises InvalidData without dates, and for a field that is the same in every row."""
    if not spec.calendar or spec.time_column is None:
        return None
    column = table.column(spec.time_column)
    if column.type is not ColumnType.DATE:
        detail = f"a calendar needs dates, and column {spec.time_column!r} has none"
        raise InvalidData(detail)
    local_N = local_seconds(column.values(), column.time_zone)
    for field in spec.calendar:
        position_N = positions(local_N, field)
        if position_N.size and (position_N == position_N[0]).all():
            detail = f"calendar field {field} is the same in every row: leave it out"
            raise InvalidData(detail)
    return local_N


def _refuse_without_logarithm(spec: ForecastSpec, table: Table, target_N: DoubleArray) -> None:
    """Raises InvalidData for the first value that log1p is not defined for."""
    if any(part.kind == "log1p" for part in spec.transform) and (target_N <= -1).any():
        row = int(np.argmax(target_N <= -1))
        detail = f"log1p is for values above -1, and it is {target_N[row]:g}"
        raise refused(table, row, spec.target, detail, code="no_logarithm")


def _refuse_long_season(spec: ForecastSpec, num_rows: int, what: str) -> None:
    """Raises InvalidData where the seasonal baseline has no value for the first forecast."""
    is_held_out = spec.split.validation > 0 or spec.split.test > 0
    reach = max(num_rows, spec.first_target) if is_held_out else spec.first_target
    if spec.season is not None and spec.season > reach:
        detail = f"season {spec.season} is longer than what {what} has before its first forecast: "
        detail += f"{reach} rows"
        raise InvalidData(detail)


def _rollouts(spec: ForecastSpec, ends: Bounds) -> dict[Split, IntArray]:
    """Returns the windows of validation and test whose recursive forecast lies in the same part."""
    if spec.recursive_steps is None:
        return {}
    parts = {"validation": (ends[0], ends[1]), "test": (ends[1], ends[2])}
    return {
        split: np.arange(
            max(parts[split][0], spec.first_target),
            parts[split][1] - spec.rolled_rows + 1,
            spec.stride,
            dtype=np.int32,
        )
        for split in SPLITS
        if split in parts
    }


def _starts(
    spec: ForecastSpec, ends: Bounds, what: str, is_measured_n: NDArray[np.bool_]
) -> dict[Split, IntArray]:
    """Returns rows at which targets start, by part: their horizons lie in it, windows need not.

    At least one target of each was measured.
    """
    num_measured_n = np.concatenate([[0], np.cumsum(is_measured_n)])
    shares = (spec.split.train, spec.split.validation, spec.split.test)
    starts: dict[Split, IntArray] = {}
    first = 0
    for split, share, end in zip(SPLITS, shares, ends, strict=True):
        earliest = max(first, spec.first_target)
        start_W = np.arange(earliest, end - spec.horizon + 1, spec.stride, dtype=np.int32)
        if share > 0 and not start_W.size:
            detail = (
                f"{what}: the {split} part (rows {first + 1} to {end} of {ends[2]}) is too short "
                f"for {spec.needed_rows}"
            )
            raise InvalidData(detail)
        has_target_W = num_measured_n[start_W + spec.horizon] > num_measured_n[start_W]
        if share > 0 and not has_target_W.any():
            detail = f"{what}: the {split} part has no measured value of {spec.target!r}"
            raise InvalidData(detail)
        if share > 0:
            starts[split] = start_W[has_target_W]
        first = end
    return starts
