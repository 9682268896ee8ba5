"""The rows of labelled sequences: their parts, labels and scales.

A worker trains on what this module returns, and a dry run reports what it refuses.
Shapes: N rows of the file, F features, S sequences.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.domain.errors import InvalidData
from app.domain.scopes import SPLITS, Split
from app.domain.seeding import numpy_generator
from app.domain.specs.dataset.sequences import MIN_CLASSES, SequencesSpec
from app.domain.splits import bounds
from app.domain.table_arrays import (
    groups,
    matrix,
    numbers,
    ordered_rows,
    refuse_missing,
    refused,
    scale_of,
)
from app.domain.tables import Table
from app.domain.telemetry import DoubleArray, IntArray


@dataclass(frozen=True, kw_only=True)
class LabelledRows:
    """The rows of a file, in their own units, and which of them make each sequence."""

    features_NF: DoubleArray
    #: (N,) Class, or value.
    labels_N: DoubleArray
    #: None for a regression.
    classes: tuple[str, ...] | None
    #: (S,) arrays of the rows of each sequence, at most `max_length`.
    rows: Sequence[IntArray]
    #: The same without the limit of `max_length`.
    whole_rows: Sequence[IntArray]
    #: Positions of the sequences of each split, in random order.
    parts: Mapping[Split, IntArray]
    #: (2, F) mean and standard deviation over the training sequences.
    feature_scale_2F: DoubleArray
    #: (2, 1) of the labels; None for classes.
    label_scale_21: DoubleArray | None

    @property
    def longest_in_training(self) -> int:
        """Timesteps of the longest training sequence."""
        return max(len(self.rows[index]) for index in self.parts["train"])


def read_labelled_rows(spec: SequencesSpec, table: Table) -> LabelledRows:
    """Raises InvalidData where the rows cannot be trained on."""
    whole_rows = ordered_rows(table, group=spec.sequence_column, by=spec.order_column)
    rows = whole_rows
    order = numpy_generator(spec.seed, "split").permutation(len(rows)).astype(np.int32)
    ends = bounds(len(rows), spec.split, what="sequences")
    parts = dict(zip(SPLITS, np.split(order, ends[:2]), strict=True))
    features_NF = matrix(table, spec.features)
    refuse_missing(table, features_NF, spec.features)
    labels_N, classes = _labels(spec, table)
    if spec.target == "per_sequence":
        _refuse_mixed_labels(spec, table, labels_N, rows)
    if spec.max_length is not None:
        rows = [part[-spec.max_length :] for part in rows]
    train_n = np.concatenate([rows[index] for index in parts["train"]])
    what = "the training sequences"
    label_scale_21 = None
    feature_scale_2F = scale_of(features_NF[train_n], spec.features, what=what)
    if classes is None:
        label_scale_21 = scale_of(labels_N[train_n][:, None], [spec.label], what=what)
    return LabelledRows(
        features_NF=features_NF,
        labels_N=labels_N,
        classes=classes,
        rows=rows,
        whole_rows=whole_rows,
        parts=parts,
        feature_scale_2F=feature_scale_2F,
        label_scale_21=label_scale_21,
    )


def _labels(spec: SequencesSpec, table: Table) -> tuple[DoubleArray, tuple[str, ...] | None]:
    """Returns (N,) the label of each row, and the classes; None for a regression."""
    if spec.task == "regression":
        labels_N = numbers(table, spec.label)
        refuse_missing(table, labels_N[:, None], [spec.label])
        return labels_N, None
    codes_N, classes = groups(table, spec.label)
    if len(classes) < MIN_CLASSES:
        detail = f"column {spec.label!r} has one class only, {classes[0]!r}"
        raise InvalidData(detail)
    return codes_N.astype(np.float64), tuple(classes)


def _refuse_mixed_labels(
    spec: SequencesSpec, table: Table, labels_N: DoubleArray, rows: Sequence[IntArray]
) -> None:
    for part in rows:
        is_other = labels_N[part] != labels_N[part[0]]
        if is_other.any():
            detail = "not the label of its sequence's first row; per_step labels may differ"
            row = int(part[int(np.argmax(is_other))])
            raise refused(table, row, spec.label, detail, code="mixed")
