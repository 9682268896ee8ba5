"""Forecasts of a column of an uploaded CSV."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from app.domain.errors import Problem
from app.domain.profiles import CsvProfile, Profile
from app.domain.specs.base import Integer
from app.domain.specs.dataset.base import (
    MAX_LENGTH,
    ColumnName,
    ColumnNames,
    SplitSpec,
    Timesteps,
    UploadedDataset,
)
from app.domain.specs.dataset.fit import (
    absent,
    columns_of,
    constant,
    csv_profile,
    find,
    negative,
    not_numeric,
    not_ordered,
    raise_any,
    with_gaps,
)
from app.domain.specs.loss import LossSpec
from app.domain.specs.loss.mse import MseLoss
from app.domain.task import TaskShape


class ForecastSpec(UploadedDataset):
    """Predict the next `horizon` values of a column of an uploaded CSV from its past `window`."""

    kind: Literal["forecast"]
    target: ColumnName
    features: ColumnNames = ()
    """Input columns in addition to the target's own past."""
    window: Integer = Field(default=48, ge=2, le=MAX_LENGTH)
    """Timesteps of the past that the model sees."""
    horizon: Integer = Field(default=1, ge=1, le=1000)
    stride: Integer = Field(default=1, ge=1, le=MAX_LENGTH)
    season: Timesteps | None = None
    """Period of the seasonal-naive baseline, in timesteps; null for none."""
    series_column: ColumnName | None = None
    """Column that names the series of a row, if the file holds several series. A series that is too
    short for `window` and `horizon`, or has a constant column in its training part, is left out."""
    time_column: ColumnName | None = None
    """Column that orders the rows; null means the order of the file."""
    split: SplitSpec = SplitSpec()
    missing: Literal["reject", "forward_fill", "drop"] = "reject"
    loss: LossSpec = MseLoss()
    """An object, or the name of its kind alone."""

    @property
    def sequence_length(self) -> int:
        return self.window

    def shape(self, profile: Profile | None) -> TaskShape:
        table = csv_profile(profile, kind=self.kind)
        raise_any(self._problems(table))
        num_columns = 1 + sum(name != self.target for name in self.features)
        return TaskShape(
            length=self.window,
            input_size=num_columns,
            output_size=self.horizon * self.loss.outputs_per_target,
            many_to_one=True,
        )

    def _problems(self, table: CsvProfile) -> Iterator[Problem]:
        numeric = {"target": self.target} | columns_of("features", self.features)
        yield from absent(table, numeric | {"time_column": self.time_column})
        yield from absent(table, {"series_column": self.series_column})
        yield from not_numeric(table, numeric)
        yield from constant(table, numeric)
        yield from negative(table, self.target, self.loss)
        if self.missing == "reject":
            yield from with_gaps(table, numeric)
        yield from not_ordered(table, {"time_column": self.time_column})
        yield from self._windows_without_room(table)

    def _windows_without_room(self, table: CsvProfile) -> Iterator[Problem]:
        """Yields a problem if a part of the longest series is too short for window and horizon.

        The window may begin before the part. Shorter series are left out of training.
        """
        num_rows = self._longest_series(table)
        for part in self.split.parts_asked_for(num_rows):
            if max(part.first, self.window) + self.horizon > part.end:
                rows = f"rows {part.first + 1} to {part.end} of {num_rows}"
                detail = f"the {part.name} part, {rows}, is too short for a window of "
                detail += f"{self.window} and a horizon of {self.horizon}"
                yield Problem(pointer="/dataset/window", detail=detail, code="longer_than_data")
                return

    def _longest_series(self, table: CsvProfile) -> int:
        """Returns the rows of the longest series; the mean where the profile does not hold it."""
        series = find(table, self.series_column)
        if series is None:
            return table.rows
        return series.most_frequent or table.rows // max(1, series.distinct)
