"""Labelled sequences of an uploaded CSV."""

from collections.abc import Iterator
from typing import Literal, Self

from pydantic import Field, model_validator

from app.domain.errors import Problem
from app.domain.profiles import CsvProfile, Profile
from app.domain.specs.dataset.base import (
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
from app.domain.specs.loss.base import Loss
from app.domain.specs.loss.mse import MseLoss
from app.domain.task import TaskShape

MIN_CLASSES = 2


class SequencesSpec(UploadedDataset):
    """Label sequences of different lengths, or each of their timesteps, from an uploaded CSV."""

    kind: Literal["sequences"]
    sequence_column: ColumnName
    """Column that names the sequence of a row."""
    order_column: ColumnName | None = None
    """Column that orders the rows of a sequence; null means the order of the file."""
    features: ColumnNames = Field(min_length=1)
    """Columns that the network reads."""
    label: ColumnName
    """Column of the targets."""
    target: Literal["per_sequence", "per_step"] = "per_sequence"
    """One target for each sequence, or one for each timestep."""
    task: Literal["classification", "regression"] = "classification"
    """Whether the label is a class or a number."""
    loss: LossSpec | None = None
    """Of a regression; null means `mse`. A classification minimises the cross entropy."""
    class_weights: Literal["none", "balanced"] = "none"
    """Of a classification. `balanced` weights a loss term by N / (V n), for N training targets of
    V classes, n of them of its own."""
    sampling: Literal["shuffled", "balanced"] = "shuffled"
    """`balanced` draws every class equally often, for classes `per_sequence`."""
    max_length: Timesteps | None = None
    """Longer sequences keep their last `max_length` timesteps."""
    split: SplitSpec = SplitSpec()
    """Shares of the sequences, which are assigned at random by `seed`."""

    @model_validator(mode="after")
    def _loss_is_of_numbers(self) -> Self:
        if self.loss is not None and self.task == "classification":
            raise ValueError("loss is for regressions; a classification minimises cross entropy")
        return self

    @model_validator(mode="after")
    def _balance_is_of_classes(self) -> Self:
        if self.is_balanced and self.task != "classification":
            raise ValueError("class_weights and sampling are for classifications")
        if self.sampling == "balanced" and self.target == "per_step":
            raise ValueError("sampling draws sequences, which have several classes per_step")
        if self.sampling == self.class_weights == "balanced":
            raise ValueError("class_weights and sampling together would count rare classes twice")
        return self

    @property
    def is_balanced(self) -> bool:
        """Whether all classes count alike, however often they occur."""
        return "balanced" in {self.class_weights, self.sampling}

    @property
    def loss_of_numbers(self) -> Loss:
        """The loss of a regression."""
        return self.loss or MseLoss()

    @property
    def sequence_length(self) -> int | None:
        return self.max_length

    def shape(self, profile: Profile | None) -> TaskShape:
        table = csv_profile(profile, kind=self.kind)
        raise_any(self._problems(table))
        label = find(table, self.label)
        is_classes = self.task == "classification" and label is not None
        return TaskShape(
            # the profile does not hold the longest sequence, which has at most all rows
            length=min(self.max_length or table.rows, table.rows),
            input_size=len(self.features),
            output_size=(
                label.distinct if is_classes and label else self.loss_of_numbers.outputs_per_target
            ),
            many_to_one=self.target == "per_sequence",
        )

    def _problems(self, table: CsvProfile) -> Iterator[Problem]:
        features = columns_of("features", self.features)
        label: dict[str, str | None] = {"label": self.label}
        order: dict[str, str | None] = {"order_column": self.order_column}
        sequence: dict[str, str | None] = {"sequence_column": self.sequence_column}
        yield from absent(table, features | label | order | sequence)
        yield from not_numeric(table, features)
        yield from constant(table, features)
        yield from with_gaps(table, features | label)
        yield from not_ordered(table, order)
        yield from self._label_problems(table, label)
        yield from self._empty_parts(table)

    def _label_problems(self, table: CsvProfile, label: dict[str, str | None]) -> Iterator[Problem]:
        column = find(table, self.label)
        if self.task == "regression":
            yield from not_numeric(table, label)
            yield from constant(table, label)
            yield from negative(table, self.label, self.loss)
        elif column is not None and column.distinct < MIN_CLASSES:
            detail = f"column {self.label!r} has one class only"
            yield Problem(pointer="/dataset/label", detail=detail, code="too_few_classes")

    def _empty_parts(self, table: CsvProfile) -> Iterator[Problem]:
        sequences = find(table, self.sequence_column)
        if sequences is None:
            return
        for part in self.split.parts_asked_for(sequences.distinct):
            if part.end == part.first:
                detail = f"the {part.name} part of {sequences.distinct} sequences would be empty"
                yield Problem(pointer="/dataset/split", detail=detail, code="too_few_sequences")
