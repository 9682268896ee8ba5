"""How to feed a trained network and read its outputs.

It is published as JSON beside the weights, so that a prediction needs neither the data set nor this
service.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue

from app.domain.specs.loss.base import Link
from app.domain.telemetry import DoubleArray

#: Sequences that are published with the outputs of the trained network.
NUM_EXAMPLES = 3


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """value -> (value - mean) / std, one number a column; of the training part."""

    #: Label in the series column; None if one scaling serves all.
    series: str | None = None
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of(cls, mean_F: DoubleArray, std_F: DoubleArray, *, series: str | None = None) -> "Scaling":
        mean, std = tuple(map(float, mean_F)), tuple(map(float, std_F))
        return cls(series=series, mean=mean, std=std)


@dataclass(frozen=True, kw_only=True)
class WindowScaling:
    """The first column of each sequence has its own mean and standard deviation.

    They are those of its timesteps after the transforms, not those of the scaling. The standard
    deviation is at least `min_share` of that of the scaling.
    """

    min_share: float
    #: Whether the mean is at least `min_share` of that of the scaling, too.
    is_mean_bounded: bool


@dataclass(frozen=True, kw_only=True)
class CalendarInput:
    """Further numbers of a timestep: the sine and the cosine of each field, for each lead.

    The angle is 2 pi position / period, with positions from 0, of the local time so many timesteps
    after. `times` of an input are those of its rows, and of the rows after it where they are known.
    """

    fields: tuple[str, ...]
    leads: tuple[int, ...]
    #: Name of the zone of times without an offset from UTC; None if all are in UTC.
    time_zone: str | None


@dataclass(frozen=True, kw_only=True)
class NumberInput:
    """A timestep is a row of numbers, scaled and then rounded to float32.

    The first column is transformed before. The rows that a transform has no value for are no
    timesteps: with a difference of lag 1, five rows are four timesteps.
    """

    kind: Literal["numbers"] = "numbers"
    columns: tuple[str, ...]
    scalings: tuple[Scaling, ...]
    #: Transforms of the first column in their order, as in the job spec.
    transform: tuple[Mapping[str, JsonValue], ...] = ()
    window_scaling: WindowScaling | None = None
    calendar: CalendarInput | None = None


@dataclass(frozen=True, kw_only=True)
class SymbolInput:
    """A timestep is one symbol, as a one-hot vector in this order."""

    kind: Literal["symbols"] = "symbols"
    #: None stands for every symbol that is not named.
    symbols: tuple[str | None, ...]


@dataclass(frozen=True, kw_only=True)
class NumberOutput:
    """Outputs are numbers: value * std + mean gives them, and then the transforms are undone."""

    kind: Literal["numbers"] = "numbers"
    names: tuple[str, ...]
    #: One mean and one standard deviation for all outputs.
    scalings: tuple[Scaling, ...]
    #: With `exp`, exp(value) * mean gives them.
    link: Link = "identity"
    #: Transforms of the first input column, to be undone in reverse order from its last rows.
    transform: tuple[Mapping[str, JsonValue], ...] = ()
    #: Of the input of the same sequence; it replaces the scaling.
    window_scaling: WindowScaling | None = None
    #: Timesteps after the last row that the outputs are for, all with equally many outputs; 0 if
    #: they are for the timesteps themselves.
    steps_ahead: int = 0


@dataclass(frozen=True, kw_only=True)
class ClassOutput:
    """Outputs are logits: their softmax gives the probability of each class."""

    kind: Literal["classes"] = "classes"
    classes: tuple[str | None, ...]


@dataclass(frozen=True, kw_only=True)
class CellFormat:
    """How the cells of one column were written in the upload."""

    column: str
    #: A ColumnType.
    type: str
    decimal: str = "."
    #: What groups the digits of numbers; `none` if nothing does.
    thousands: str = "none"
    #: Sign of a currency or of percent that all cells have; "" without one.
    symbol: str = ""
    #: `iso`, another form of dates that predict.py knows, or a pattern of strptime.
    date: str = "iso"
    #: The column with the times of day of these days; None without one.
    clock_column: str | None = None


@dataclass(frozen=True, kw_only=True)
class FileFormat:
    """How the file of the upload was laid out."""

    delimiter: str = ","
    #: None if quotes have no meaning.
    quote: str | None = '"'
    skip_lines: int = 0
    has_header: bool = True
    encoding: str = "utf-8"
    #: Cells that stand for no value; None for the usual ones.
    na: tuple[str, ...] | None = None
    #: Numbers that stand for no value.
    sentinels: tuple[float, ...] = ()
    #: Zone of times without one; None for UTC.
    time_zone: str | None = None


@dataclass(frozen=True, kw_only=True)
class CsvLayout:
    """How rows of a CSV become sequences."""

    #: Rows with the same value in it are one sequence; None if all rows are one.
    group_column: str | None
    #: Orders the rows of a sequence; None for the order of the file.
    order_column: str | None
    #: What becomes of rows with the same time.
    equal_times: Literal["refuse", "keep_first", "mean"] = "refuse"
    missing: Literal["reject", "forward_fill", "drop"] = "reject"
    #: False if numbers order the rows.
    is_order_date: bool = False
    #: Timesteps after the last row that the outputs are for; 0 if it is none.
    steps_ahead: int = 0
    #: Of the columns that are read.
    formats: tuple[CellFormat, ...] = ()
    #: None if it is not known: the upload was no CSV, or is one of an earlier release.
    file: FileFormat | None = None


@dataclass(frozen=True, kw_only=True)
class Original:
    """A sequence as the upload has it, gaps filled."""

    series: str | None = None
    timesteps: tuple[tuple[float, ...], ...]
    #: Local times of the timesteps and of those that follow, in ISO 8601; empty without a calendar.
    times: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, values_TF: DoubleArray, *, series: str | None = None, times: tuple[str, ...] = ()
    ) -> "Original":
        timesteps = tuple(tuple(map(float, row)) for row in values_TF)
        return cls(series=series, timesteps=timesteps, times=times)

    def as_json(self) -> dict[str, JsonValue]:
        found: dict[str, JsonValue] = {
            "series": self.series,
            "timesteps": [list(row) for row in self.timesteps],
        }
        return found | ({"times": list(self.times)} if self.times else {})


@dataclass(frozen=True, kw_only=True)
class Usage:
    """How to use a network that was trained on one task."""

    input: NumberInput | SymbolInput
    output: NumberOutput | ClassOutput
    #: What one output is, in words.
    meaning: str
    #: Shorter sequences are refused.
    min_timesteps: int = 1
    #: Longer sequences keep their last timesteps; None if there is no limit.
    max_timesteps: int | None = None
    csv: CsvLayout | None = None
    #: The first training sequences that are evaluated; empty where the batch holds them exactly.
    originals: tuple[Original, ...] = ()


def unscaled(columns: tuple[str, ...]) -> NumberInput:
    """Numbers that the network reads as they are."""
    width = len(columns)
    scaling = Scaling(mean=(0.0,) * width, std=(1.0,) * width)
    return NumberInput(columns=columns, scalings=(scaling,))


#: For outputs that are in the units of the data already.
AS_THEY_ARE = (Scaling(mean=(0.0,), std=(1.0,)),)
