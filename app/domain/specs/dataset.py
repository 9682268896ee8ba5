"""Tasks and data that a client may train on."""

from dataclasses import dataclass
from typing import Annotated, Literal, Self, assert_never
from uuid import UUID

from pydantic import AfterValidator, Field, Strict, model_validator

from app.domain.specs.base import (
    WHOLE,
    CleanText,
    Fraction,
    Integer,
    Seed,
    Spec,
    members_of,
)

#: Longest sequence that a run may train on, in timesteps.
MAX_LENGTH = 20_000
#: How far the shares of a split may miss 1.
SPLIT_ROUNDING = 1e-6
#: Of at least two timesteps.
_Stretch = Annotated[int, Strict(), Field(ge=2, le=MAX_LENGTH), WHOLE]
Lag = Annotated[int, Strict(), Field(ge=0, le=MAX_LENGTH), WHOLE]
ColumnName = Annotated[CleanText, Field(min_length=1, max_length=200)]


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    """A column given twice would weigh twice at the start, and tell nothing more."""
    if len(set(names)) < len(names):
        raise ValueError("each column can be named once")
    return names


_Columns = Annotated[
    tuple[ColumnName, ...],
    Field(max_length=256, json_schema_extra={"uniqueItems": True}),
    AfterValidator(_distinct),
]


class LagRange(Spec):
    """The lags, in timesteps, that the target depends on."""

    min: Lag
    max: Lag

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError("min must be at most max")
        return self


DependencyLag = Lag | LagRange


class _Dataset(Spec):
    seed: Seed = 0
    """Makes the data and its split; `training.seed` makes weights, order and dropout."""
    dependency_lag: DependencyLag | None = None
    """How far back the target depends on the input, where the client knows; at most length - 1."""


class AddingSpec(_Dataset):
    """Sum two marked numbers, one in each half (Hochreiter & Schmidhuber 1997)."""

    kind: Literal["adding"]
    length: Integer = Field(default=200, ge=4, le=MAX_LENGTH)


class CopyMemorySpec(_Dataset):
    """Recall 10 symbols of 8 after `length` blanks: length + 20 timesteps (Arjovsky 2016)."""

    kind: Literal["copy_memory"]
    length: Integer = Field(default=100, ge=1, le=MAX_LENGTH - 20)


class TemporalOrderSpec(_Dataset):
    """Name the order of two distant symbols, 4 classes (Hochreiter & Schmidhuber 1997)."""

    kind: Literal["temporal_order"]
    length: Integer = Field(default=100, ge=10, le=MAX_LENGTH)


class DigitsSpec(_Dataset):
    """Name the handwritten digit from its 64 pixels, one a timestep (scikit-learn's digits)."""

    kind: Literal["digits"]


@dataclass(frozen=True, kw_only=True)
class Part:
    """Consecutive items of a data set."""

    name: str
    share: float
    first: int
    #: Of the item after the last one.
    end: int


class SplitSpec(Spec):
    """Shares of the data, in time order for series."""

    train: Fraction = Field(default=0.7, gt=0)
    validation: Fraction = 0.15
    test: Fraction = 0.15

    @model_validator(mode="after")
    def _sums_to_one(self) -> Self:
        total = self.train + self.validation + self.test
        if abs(total - 1) > SPLIT_ROUNDING:
            raise ValueError(f"train, validation and test must sum to 1, not {total:g}")
        return self

    def parts(self, num_items: int) -> tuple[Part, Part, Part]:
        """Training, validation and test, in this order, without a gap between them."""
        train_end = round(num_items * self.train)
        validation_end = round(num_items * (self.train + self.validation))
        return (
            Part(name="train", share=self.train, first=0, end=train_end),
            Part(name="validation", share=self.validation, first=train_end, end=validation_end),
            Part(name="test", share=self.test, first=validation_end, end=num_items),
        )


class ForecastSpec(_Dataset):
    """Predict the next `horizon` values of a column of an uploaded CSV from a window before."""

    kind: Literal["forecast"]
    dataset_id: UUID
    target: ColumnName
    features: _Columns = ()
    """Columns beside the target's own past."""
    window: Integer = Field(default=48, ge=2, le=MAX_LENGTH)
    """Timesteps of the past that the model sees."""
    horizon: Integer = Field(default=1, ge=1, le=1000)
    stride: Integer = Field(default=1, ge=1, le=MAX_LENGTH)
    season: _Stretch | None = None
    """_Stretch in timesteps of the seasonal-naive baseline, where there is one."""
    series_column: ColumnName | None = None
    """Names the series of a row when the file holds several."""
    time_column: ColumnName | None = None
    """Orders the rows; without it the file's order is time."""
    split: SplitSpec = SplitSpec()
    missing: Literal["reject", "forward_fill", "drop"] = "reject"
    loss: Literal["mse", "mae"] = "mse"


class TextSpec(_Dataset):
    """Predict the next character of an uploaded text."""

    kind: Literal["text"]
    dataset_id: UUID
    length: Integer = Field(default=128, ge=2, le=MAX_LENGTH)
    """Characters of one training sequence."""
    split: SplitSpec = SplitSpec()


class SequencesSpec(_Dataset):
    """Label sequences of different lengths, or each of their timesteps, from an uploaded CSV."""

    kind: Literal["sequences"]
    dataset_id: UUID
    sequence_column: ColumnName
    order_column: ColumnName | None = None
    """Orders the rows of a sequence; without it the file's order does."""
    features: _Columns = Field(min_length=1)
    label: ColumnName
    target: Literal["per_sequence", "per_step"] = "per_sequence"
    task: Literal["classification", "regression"] = "classification"
    max_length: _Stretch | None = None
    """Longer sequences keep their last `max_length` timesteps."""
    split: SplitSpec = SplitSpec()
    """Shares of the sequences, drawn by `seed`."""


DatasetSpec = Annotated[
    AddingSpec
    | CopyMemorySpec
    | TemporalOrderSpec
    | DigitsSpec
    | ForecastSpec
    | TextSpec
    | SequencesSpec,
    Field(discriminator="kind"),
]
#: In the order of the union.
DATASETS = members_of(DatasetSpec)
UploadedSpec = ForecastSpec | TextSpec | SequencesSpec
#: Timesteps after the blanks and before them in `copy_memory`.
COPY_SYMBOLS = 10
#: One pixel a timestep.
DIGITS_LENGTH = 64


def sequence_length(spec: DatasetSpec) -> int | None:
    """Timesteps of one training sequence, where the spec alone says; None where the data does."""
    match spec:
        case AddingSpec() | TemporalOrderSpec() | TextSpec():
            return spec.length
        case CopyMemorySpec():
            return spec.length + 2 * COPY_SYMBOLS
        case DigitsSpec():
            return DIGITS_LENGTH
        case ForecastSpec():
            return spec.window
        case SequencesSpec():
            return spec.max_length
        case _:
            assert_never(spec)
