"""The base of all data sets: common fields, and the task as known before any data is read."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated, Self, TypeVar
from uuid import UUID

from pydantic import AfterValidator, Field, Strict, model_validator

from app.domain.errors import InvalidData
from app.domain.profiles import Profile
from app.domain.specs.base import WHOLE, AtMost, CleanText, Fraction, Seed, Spec
from app.domain.task import LagSource, RequiredLag, TaskFacts, TaskShape, spread_lag

#: Longest sequence that a run may train on, in timesteps.
MAX_LENGTH = 20_000
#: Largest difference between the sum of a split's shares and 1.
SPLIT_ROUNDING = 1e-6
#: A number of timesteps, at least two.
Timesteps = Annotated[int, Strict(), Field(ge=2, le=MAX_LENGTH), WHOLE]
Lag = Annotated[int, Strict(), Field(ge=0, le=MAX_LENGTH), WHOLE]
ColumnName = Annotated[CleanText, Field(min_length=1, max_length=200)]


Names = TypeVar("Names", bound=tuple[str, ...])


def distinct(names: Names) -> Names:
    """Raises ValueError for a repeated column, which would count twice and add no information."""
    if len(set(names)) < len(names):
        raise ValueError("each column may be named only once")
    return names


ColumnNames = Annotated[
    tuple[ColumnName, ...],
    Field(json_schema_extra={"uniqueItems": True}),
    AfterValidator(distinct),
    AtMost(most=256),
]


class LagRange(Spec):
    """The lags, in timesteps, at which the target depends on the input."""

    min: Lag
    """The smallest lag, in timesteps."""
    max: Lag
    """The largest lag, in timesteps; it is the one that is judged."""

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError("min must be at most max")
        return self


DependencyLag = Lag | LagRange


@dataclass(frozen=True, kw_only=True)
class Part:
    """Consecutive items of a data set."""

    name: str
    share: float
    first: int
    #: Position of the item after the last one.
    end: int


class SplitSpec(Spec):
    """Shares of the data, in time order for series."""

    train: Fraction = Field(default=0.7, gt=0)
    """Share of the training part."""
    validation: Fraction = 0.15
    """Share of the validation part."""
    test: Fraction = 0.15
    """Share of the test part."""

    @model_validator(mode="after")
    def _sums_to_one(self) -> Self:
        total = self.train + self.validation + self.test
        if abs(total - 1) > SPLIT_ROUNDING:
            raise ValueError(f"train, validation and test must sum to 1, not {total:g}")
        return self

    def parts(self, num_items: int) -> tuple[Part, Part, Part]:
        """Returns the parts for training, validation and test, in this order and without gaps."""
        train_end = round(num_items * self.train)
        validation_end = round(num_items * (self.train + self.validation))
        return (
            Part(name="train", share=self.train, first=0, end=train_end),
            Part(name="validation", share=self.validation, first=train_end, end=validation_end),
            Part(name="test", share=self.test, first=validation_end, end=num_items),
        )

    def parts_asked_for(self, num_items: int) -> tuple[Part, ...]:
        """Returns the parts with a share above 0."""
        return tuple(part for part in self.parts(num_items) if part.share > 0)


class Dataset(Spec):
    """The base of all data sets, with their common fields."""

    seed: Seed = 0
    """Determines the data and its split; `training.seed` determines weights, order and dropout."""
    dependency_lag: DependencyLag | None = None
    """Lag at which the target depends on the input, if it is known; at most length - 1."""
    kind: str

    @property
    @abstractmethod
    def sequence_length(self) -> int | None:
        """Timesteps of one training sequence; None if it depends on the data."""

    @abstractmethod
    def shape(self, profile: Profile | None) -> TaskShape:
        """Returns the sizes of the task; `profile` is that of the upload, None without an upload.

        Raises InvalidSpec if the upload does not fit the spec.
        """

    def declared_lag(self, *, length: int | None = None) -> RequiredLag | None:
        """Returns the lag that the client declared; `length` is that of the longest sequence.

        Raises InvalidData if the lag does not fit into a training sequence of this length.
        """
        lag = self.dependency_lag
        if lag is None:
            return None
        shortest, longest = (lag.min, lag.max) if isinstance(lag, LagRange) else (lag, lag)
        if length is not None and longest > length - 1:
            detail = f"dependency_lag {longest} does not fit into the longest training sequence; "
            detail += f"it must be at most {length - 1}"
            raise InvalidData(detail)
        return spread_lag(
            shortest=shortest,
            longest=longest,
            source=LagSource.DECLARED,
            method="declared as dataset.dependency_lag",
        )


class MadeDataset(Dataset):
    """Sequences that are generated at each step, so that their task is known before training."""

    @property
    def sequence_length(self) -> int:
        return self.facts().length

    def shape(self, profile: Profile | None) -> TaskShape:  # noqa: ARG002 - there is no upload
        return TaskShape.of_task(self.facts())

    @abstractmethod
    def facts(self) -> TaskFacts:
        """Returns lag, baselines, best score and sizes of the task."""


class UploadedDataset(Dataset):
    """Sequences of a data set that was uploaded."""

    dataset_id: UUID
    """Id of the uploaded data set."""
