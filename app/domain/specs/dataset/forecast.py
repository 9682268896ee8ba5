"""Forecasts of a column of an uploaded CSV."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self, get_args

from pydantic import AfterValidator, Field, Strict, model_validator

from app.domain.calendar_features import CalendarField
from app.domain.errors import Problem
from app.domain.profiles import CsvProfile, Profile
from app.domain.specs.base import WHOLE, AtMost, Integer
from app.domain.specs.dataset.base import (
    MAX_LENGTH,
    ColumnName,
    ColumnNames,
    SplitSpec,
    Timesteps,
    UploadedDataset,
    distinct,
)
from app.domain.specs.dataset.fit import (
    absent,
    columns_of,
    constant,
    csv_profile,
    find,
    negative,
    not_dates,
    not_numeric,
    not_ordered,
    raise_any,
    with_gaps,
    without_logarithm,
)
from app.domain.specs.loss import LossSpec
from app.domain.specs.loss.mse import MseLoss
from app.domain.specs.transform import TransformSpec
from app.domain.specs.transform.chain import TargetTransform
from app.domain.specs.transform.difference import Difference
from app.domain.task import TaskShape

MAX_TRANSFORMS = 4
RecursiveSteps = Annotated[int, Strict(), Field(ge=2, le=1000), WHOLE]
Calendar = Annotated[
    tuple[CalendarField, ...],
    Field(json_schema_extra={"uniqueItems": True}),
    AfterValidator(distinct),
    AtMost(most=len(get_args(CalendarField))),
]


class ForecastSpec(UploadedDataset):
    """Predict the next `horizon` values of a column of an uploaded CSV from its past `window`."""

    kind: Literal["forecast"]
    target: ColumnName
    """Column that is forecast."""
    features: ColumnNames = ()
    """Input columns in addition to the target's own past."""
    window: Integer = Field(default=48, ge=2, le=MAX_LENGTH)
    """Timesteps of the past that the model sees."""
    horizon: Integer = Field(default=1, ge=1, le=1000)
    """Timesteps that are forecast at once."""
    stride: Integer = Field(default=1, ge=1, le=MAX_LENGTH)
    """Timesteps between the starts of two windows."""
    season: Timesteps | None = None
    """Period of the seasonal-naive baseline, in timesteps; null for none."""
    series_column: ColumnName | None = None
    """Column that names the series of a row, if the file holds several series. A series that is too
    short for `window` and `horizon`, or has a constant column in its training part, is left out."""
    time_column: ColumnName | None = None
    """Column that orders the rows; null means the order of the file."""
    equal_times: Literal["refuse", "keep_first", "mean"] = "refuse"
    """What becomes of rows of a series with the same time. `keep_first` keeps the first one in the
    file; `mean` makes one row of their means, each over the values that are not missing."""
    split: SplitSpec = SplitSpec()
    """Shares of each series, in the order of time."""
    missing: Literal["reject", "forward_fill", "drop"] = "reject"
    """What becomes of missing values: `reject` refuses them, `forward_fill` repeats the last value,
    `drop` leaves out the rows."""
    loss: LossSpec = MseLoss()
    """An object, or the name of its kind alone."""
    transform: Annotated[tuple[TransformSpec, ...], AtMost(most=MAX_TRANSFORMS)] = ()
    """What the network learns in place of the target, applied in this order: objects, or the names
    of their kinds alone. Scores and predictions are in the target's own units all the same."""
    scaling: Literal["global", "per_series", "per_window"] = "per_series"
    """Whose mean and standard deviation the network's numbers are divided by: those of each series
    or of all series together, over their training parts. `per_window` scales the target of each
    window by its own, and at least 0.01 of its series' deviation; features are per series then."""
    calendar: Calendar = ()
    """Positions of a time in its hour, day, week, month and year, each as a sine and a cosine. At
    each timestep the network reads those of the next timestep, and of the one `horizon` ahead.
    Local times of the upload's `time_zone`; times with their own offset from UTC are in UTC."""
    recursive_steps: RecursiveSteps | None = None
    """Timesteps of a forecast that goes on from its own predictions, more than `horizon`. It is
    scored by step on validation and test at the end of a run (`metrics_by.recursive`). Null for
    none. Without other features: they are not known ahead."""

    @model_validator(mode="after")
    def _recursion_is_possible(self) -> Self:
        if self.recursive_steps is None:
            return self
        if len(self.columns) > 1:
            others = ", ".join(self.columns[1:])
            detail = "recursive_steps is for a forecast from the target and a calendar alone: "
            raise ValueError(f"{detail}the future of {others} is not known")
        if self.recursive_steps <= self.horizon:
            raise ValueError("recursive_steps must be more than the horizon")
        return self

    @property
    def rolled_rows(self) -> int:
        """Rows after a window that a recursive forecast takes, a multiple of the horizon."""
        return -(-(self.recursive_steps or 0) // self.horizon) * self.horizon

    @model_validator(mode="after")
    def _logarithm_is_first(self) -> Self:
        if any(part.kind == "log1p" for part in self.transform[1:]):
            raise ValueError("log1p is the first transform: a change may be below -1")
        return self

    @model_validator(mode="after")
    def _loss_allows_transform(self) -> Self:
        if self.transform and self.loss.link == "exp":
            raise ValueError(f"{self.loss.kind} is for the target as it is, without a transform")
        lags = [part.lag for part in self.transform if isinstance(part, Difference)]
        if lags and self.loss.outputs_per_target > 1 and self.horizon > min(lags):
            detail = (
                f"quantiles of changes do not add up: {self.loss.kind} with a difference needs "
            )
            detail += f"a horizon of at most its lag, {min(lags)}"
            raise ValueError(detail)
        return self

    @model_validator(mode="after")
    def _calendar_has_times(self) -> Self:
        if self.calendar and self.time_column is None:
            raise ValueError("calendar needs a time_column")
        return self

    @property
    def calendar_leads(self) -> tuple[int, ...]:
        """Timesteps ahead whose calendar the network reads."""
        return tuple(sorted({1, self.horizon})) if self.calendar else ()

    @property
    def input_size(self) -> int:
        """Numbers that the network reads at each timestep."""
        return len(self.columns) + 2 * len(self.calendar) * len(self.calendar_leads)

    @property
    def target_transform(self) -> TargetTransform:
        return TargetTransform(parts=self.transform)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the network reads: the target, then the other features."""
        return (self.target, *(name for name in self.features if name != self.target))

    @property
    def first_target(self) -> int:
        """Rows of a series before the first one that can be predicted."""
        return self.window + self.target_transform.reach

    @property
    def sequence_length(self) -> int:
        return self.window

    def shape(self, profile: Profile | None) -> TaskShape:
        table = csv_profile(profile, kind=self.kind)
        raise_any(self._problems(table))
        return TaskShape(
            length=self.window,
            input_size=self.input_size,
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
        yield from without_logarithm(table, self.target, self.transform)
        if self.missing == "reject":
            yield from with_gaps(table, numeric)
        yield from not_ordered(table, {"time_column": self.time_column})
        if self.calendar:
            yield from not_dates(table, {"time_column": self.time_column})
        yield from self._windows_without_room(table)

    def _windows_without_room(self, table: CsvProfile) -> Iterator[Problem]:
        """Yields a problem if a part of the longest series is too short for window and horizon.

        The window may begin before the part. Shorter series are left out of training.
        """
        num_rows = self._longest_series(table)
        for part in self.split.parts_asked_for(num_rows):
            if max(part.first, self.first_target) + self.horizon > part.end:
                rows = f"rows {part.first + 1} to {part.end} of {num_rows}"
                detail = f"the {part.name} part, {rows}, is too short for {self.needed_rows}"
                yield Problem(pointer="/dataset/window", detail=detail, code="longer_than_data")
                return
            is_rolled = self.recursive_steps is not None and part.name != "train"
            if is_rolled and max(part.first, self.first_target) + self.rolled_rows > part.end:
                detail = f"the {part.name} part, {part.end - part.first} rows, is too short for "
                detail += f"{self.recursive_steps} recursive steps"
                pointer, code = "/dataset/recursive_steps", "longer_than_data"
                yield Problem(pointer=pointer, detail=detail, code=code)
                return

    @property
    def needed_rows(self) -> str:
        """What a part of a series must have room for, in words."""
        reach = self.target_transform.reach
        before = f" after the {reach} rows that the transform takes" if reach else ""
        return f"a window of {self.window} and a horizon of {self.horizon}{before}"

    def _longest_series(self, table: CsvProfile) -> int:
        """Returns the rows of the longest series; the mean where the profile does not hold it."""
        series = find(table, self.series_column)
        if series is None:
            return table.rows
        return series.most_frequent or table.rows // max(1, series.distinct)
