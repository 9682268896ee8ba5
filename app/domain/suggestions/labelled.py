"""The suggested spec of labelled sequences.

Shapes: N rows, S sequences.
"""

from collections.abc import Iterator
from typing import Literal

import numpy as np

from app.domain.data_check import check_table
from app.domain.errors import InvalidData, InvalidSpec
from app.domain.profiles import ColumnProfile, CsvProfile
from app.domain.specs.dataset.base import SplitSpec
from app.domain.specs.dataset.sequences import SequencesSpec
from app.domain.suggestions.columns import MAX_FEATURES, is_name_of_rows
from app.domain.suggestions.found import NO_ID, Found, Obstacle
from app.domain.suggestions.layout import Layout
from app.domain.suggestions.names import is_label
from app.domain.suggestions.sample import part_of
from app.domain.suggestions.times import is_part_of_calendar
from app.domain.tables import Column, ColumnType, Table

#: Most classes; a column of more values is a number or a name.
MAX_CLASSES = 100
#: The same for whole numbers, and for a column whose name does not say that it is a label.
MAX_UNNAMED_CLASSES = 20
#: Fewest sequences of a file in which a label is told by its values alone.
MIN_SEQUENCES = 10
#: Timesteps of a sequence that are kept: the last ones. The time of a step grows with them.
MAX_LENGTH = 500
#: Rows of the most frequent class for one of the rarest, from which classes are balanced.
IMBALANCE = 3.0
#: The usual shares, and those for few sequences.
SPLITS = (
    SplitSpec(),
    SplitSpec(train=0.6, validation=0.2, test=0.2),
    SplitSpec(train=0.34, validation=0.33, test=0.33),
)


def suggest_sequences(table: Table, profile: CsvProfile, layout: Layout) -> Found | Obstacle:
    """Returns the first spec that a worker would accept."""
    refused = Obstacle(detail="no column labels sequences")
    if layout.series_column is None:
        return refused
    for label in _labels(table, profile, layout):
        for spec, reasons in _specs(table, profile, layout, label):
            used = {spec.sequence_column, spec.label, *spec.features}
            if spec.order_column is not None:
                used.add(spec.order_column)
            try:
                spec.shape(profile)
                check_table(spec, part_of(table, used))
            except (InvalidData, InvalidSpec) as error:
                refused = Obstacle(detail=error.detail)
            else:
                return Found(spec=spec, reasons=reasons)
    return refused


def _labels(table: Table, profile: CsvProfile, layout: Layout) -> list[Column]:
    """Returns columns that label sequences or their timesteps, the likeliest first."""
    others = [
        (column, about)
        for column, about in zip(table.columns, profile.columns, strict=True)
        if column.missing_N is None
        and column.name not in layout.clock | {layout.series_column}
        and column.type is not ColumnType.DATE
    ]
    named = [
        column
        for column, about in others
        if is_label(column.name) and (_is_classes(column, about) or column.type.is_numeric)
    ]
    if named or layout.is_calendar or len(layout.starts_S) < MIN_SEQUENCES:
        return named
    unnamed = [
        column
        for column, about in others
        if _is_classes(column, about)
        and about.distinct <= MAX_UNNAMED_CLASSES
        and not is_part_of_calendar(column)
        and _is_per_sequence(column, layout)
    ]
    return unnamed[::-1]


def _is_classes(column: Column, about: ColumnProfile) -> bool:
    if about.distinct <= 1:
        return False
    if column.type.has_labels:
        return about.distinct <= MAX_CLASSES
    return column.type is ColumnType.INTEGER and about.distinct <= MAX_UNNAMED_CLASSES


def _is_per_sequence(column: Column, layout: Layout) -> bool:
    """Returns whether the column has one value in each sequence."""
    stored_N = column.numbers.stored_N[layout.rows_N]
    is_same_S = np.minimum.reduceat(stored_N, layout.starts_S) == np.maximum.reduceat(
        stored_N, layout.starts_S
    )
    return bool(is_same_S.all())


def _specs(
    table: Table, profile: CsvProfile, layout: Layout, label: Column
) -> Iterator[tuple[SequencesSpec, tuple[str, ...]]]:
    about = {column.name: column for column in profile.columns}
    features = tuple(
        column.name
        for column in table.columns
        if column.type.is_numeric
        and column.missing_N is None
        and about[column.name].distinct > 1
        and column.name not in layout.clock | {label.name, layout.series_column}
        and not is_name_of_rows(column, about[column.name], rows=profile.rows)
        and not _tells_label(column, label, layout)
    )[:MAX_FEATURES]
    if not features or layout.series_column is None:
        return
    is_classes = _is_classes(label, about[label.name])
    is_per_sequence = _is_per_sequence(label, layout)
    ratio = _imbalance(label, layout, is_per_sequence=is_per_sequence) if is_classes else 1.0
    for split in SPLITS:
        spec = SequencesSpec(
            kind="sequences",
            dataset_id=NO_ID,
            sequence_column=layout.series_column,
            order_column=layout.time_column,
            features=features,
            label=label.name,
            target="per_sequence" if is_per_sequence else "per_step",
            task=_task(is_classes=is_classes),
            class_weights="balanced" if ratio >= IMBALANCE else "none",
            max_length=MAX_LENGTH if layout.sizes.max() > MAX_LENGTH else None,
            split=split,
        )
        yield spec, (*layout.reasons, *_reasons(spec, ratio))


def _task(*, is_classes: bool) -> Literal["classification", "regression"]:
    return "classification" if is_classes else "regression"


def _tells_label(column: Column, label: Column, layout: Layout) -> bool:
    """Returns whether a column is a copy of the label, constant in each sequence as it is."""
    if not (_is_per_sequence(label, layout) and _is_per_sequence(column, layout)):
        return False
    first_S = layout.rows_N[layout.starts_S]
    pairs = set(
        zip(
            column.numbers.stored_N[first_S].tolist(),
            label.numbers.stored_N[first_S].tolist(),
            strict=True,
        )
    )
    num_labels = len({told for _, told in pairs})
    return len(pairs) == num_labels == len({value for value, _ in pairs})


def _imbalance(label: Column, layout: Layout, *, is_per_sequence: bool) -> float:
    """Returns how many targets the most frequent class has for one of the rarest class."""
    stored_N = label.numbers.stored_N
    targets = stored_N[layout.rows_N[layout.starts_S]] if is_per_sequence else stored_N
    _, counts = np.unique(targets, return_counts=True)
    return float(counts.max() / counts.min())


def _reasons(spec: SequencesSpec, ratio: float) -> Iterator[str]:
    where = "has one value in each sequence" if spec.target == "per_sequence" else "varies in them"
    yield f"kind: sequences, because {spec.label!r} is a label of them"
    yield f"target: {spec.target}, because {spec.label!r} {where}"
    if spec.class_weights == "balanced":
        yield f"class_weights: balanced; a class has {ratio:.3g} times the targets of another"
    if spec.max_length is not None:
        yield f"max_length: {spec.max_length}, because some sequences are longer"
    if spec.split.train != SPLITS[0].train:
        yield "split: not the usual shares, because there are few sequences"
