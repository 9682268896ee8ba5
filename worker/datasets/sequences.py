"""Label sequences of different lengths, or each of their timesteps.

Sequences, not rows, are split. Features (and the target of a regression) are scaled by the training
sequences.
Shapes: N rows of the file, F features, T timesteps, B sequences, V classes.
"""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from app.domain.data_facts import LongerContext, RangeShift
from app.domain.datasets import read_table
from app.domain.labelled_rows import LabelledRows, read_labelled_rows
from app.domain.scopes import Split
from app.domain.specs.dataset.sequences import SequencesSpec
from app.domain.table_arrays import is_date
from app.domain.tables import Table
from app.domain.task import Baseline, MetricMode, RequiredLag, TaskFacts
from app.domain.telemetry import DoubleArray, IntArray
from worker.datasets.context_gain import (
    LEAST_LONGER,
    Part,
    class_targets,
    estimate_lag,
    gain_of_longer,
    windows_before,
)
from worker.datasets.formats import formats_of
from worker.datasets.labelled_sequences import LabelledSequences
from worker.datasets.maker import TaskOfUpload
from worker.datasets.objectives import CrossEntropy, NumberError
from worker.datasets.range_shift import shift_of_rows
from worker.datasets.sampling import EVALUATION_SEQUENCES, BalancedData, StoredData
from worker.datasets.task import Batch, Objective, Task, TrainingData
from worker.datasets.usage import (
    NUM_EXAMPLES,
    ClassOutput,
    CsvLayout,
    NumberInput,
    NumberOutput,
    Original,
    Scaling,
    Usage,
)
from worker.scoring.labels import label_baselines
from worker.scoring.numbers import NumberScale

#: Contexts of up to so many times `max_length` are tried.
LONGER_LENGTHS = 4


def build_sequences(spec: SequencesSpec, upload: bytes) -> Task:
    table = read_table(upload)
    found = read_labelled_rows(spec, table)
    parts = found.parts
    data = _scaled(spec, table, found)
    shown = {split: part for split, part in parts.items() if part.size}
    shown["train"] = shown["train"][:EVALUATION_SEQUENCES]
    train = parts["train"]
    truths = {split: data.truth(part) for split, part in shown.items()}
    baselines = label_baselines(
        data.labels_of(train),
        {split: data.labels_of(part) for split, part in shown.items()},
        truths,
        num_classes=data.num_classes,
        is_balanced=spec.is_balanced,
        loss=spec.loss_of_numbers,
    )
    return Task(
        facts=_facts(spec, data, found, baselines),
        objective=_objective(spec, data, train),
        data=_training_data(spec, data, train),
        evaluation={split: data.batch(part) for split, part in shown.items()},
        usage=data.usage,
        own_truths=truths,
    )


def _objective(spec: SequencesSpec, data: LabelledSequences, train: IntArray) -> Objective:
    if data.classes is None:
        return NumberError(spec.loss_of_numbers)
    if spec.class_weights == "none":
        return CrossEntropy()
    codes_n = data.labels_of(train).astype(np.int64)
    count_V = np.bincount(codes_n, minlength=data.num_classes).astype(np.float64)
    # a class without a training target has no loss term
    return CrossEntropy(class_weights=len(codes_n) / ((count_V > 0).sum() * count_V.clip(min=1)))


def _training_data(spec: SequencesSpec, data: LabelledSequences, train: IntArray) -> TrainingData:
    def gather(index_B: IntArray) -> Batch:
        return data.batch(train[index_B])

    if spec.sampling == "balanced":
        return BalancedData.of(data.labels_of(train).astype(np.int32), gather)
    return StoredData(num_items=len(train), gather=gather)


def _scaled(spec: SequencesSpec, table: Table, found: LabelledRows) -> LabelledSequences:
    """Returns the sequences, scaled by the training part."""
    mean_F, std_F = found.feature_scale_2F
    output: NumberOutput | ClassOutput
    labels_N, scaling = found.labels_N, None
    if found.label_scale_21 is None:
        output = ClassOutput(classes=found.classes or ())
    else:
        mean_1, std_1 = found.label_scale_21
        scaling, loss = Scaling.of(mean_1, std_1), spec.loss_of_numbers
        labels_N = NumberScale(mean=mean_1, std=std_1, link=loss.link).scaled(labels_N)
        names_O = loss.output_names(spec.label)
        output = NumberOutput(names=names_O, scalings=(scaling,), link=loss.link)
    train = found.parts["train"]
    examples = [found.features_NF[found.rows[index]] for index in train[:NUM_EXAMPLES]]
    return LabelledSequences(
        features_NF=(found.features_NF - mean_F) / std_F,
        labels_N=labels_N,
        raw_labels_N=found.labels_N,
        scaling=scaling,
        loss=spec.loss_of_numbers,
        is_balanced=spec.is_balanced,
        rows=found.rows,
        is_per_step=spec.target == "per_step",
        classes=found.classes,
        usage=_usage(spec, table, Scaling.of(mean_F, std_F), output, examples),
    )


def _usage(
    spec: SequencesSpec,
    table: Table,
    scaling: Scaling,
    output: NumberOutput | ClassOutput,
    examples: Sequence[DoubleArray],
) -> Usage:
    place = "at each timestep" if spec.target == "per_step" else "of the whole sequence"
    return Usage(
        input=NumberInput(columns=spec.features, scalings=(scaling,)),
        output=output,
        meaning=f"{spec.label} {place}",
        max_timesteps=spec.max_length,
        csv=CsvLayout(
            group_column=spec.sequence_column,
            order_column=spec.order_column,
            is_order_date=is_date(table, spec.order_column),
            formats=formats_of(table, (*spec.features, spec.sequence_column, spec.order_column)),
        ),
        originals=tuple(Original.of(values_TF) for values_TF in examples),
    )


def _estimated_lag(data: LabelledSequences, train: IntArray, held_out: IntArray) -> RequiredLag:
    """The lag from the timesteps up to each target."""
    if not held_out.size:
        return RequiredLag(method="no validation part to estimate it on")
    longest = max(len(data.rows[index]) for index in train)
    return estimate_lag(
        *_context_parts(data, data.rows, train, held_out, longest=longest),
        length=longest,
        is_overlapping=data.is_per_step,
    )


def _longer_context(
    spec: SequencesSpec, data: LabelledSequences, found: LabelledRows
) -> LongerContext | None:
    """What the timesteps would tell that `max_length` cuts; None where it cuts none."""
    train, held_out, shown = found.parts["train"], found.parts["validation"], spec.max_length
    longest = max(len(found.whole_rows[index]) for index in train)
    if shown is None or longest <= shown or not held_out.size:
        return None
    most = min(longest, max(LONGER_LENGTHS * shown, LEAST_LONGER))
    parts = _context_parts(data, found.whole_rows, train, held_out, longest=most)
    return gain_of_longer(*parts, shown=shown)


def _context_parts(
    data: LabelledSequences,
    rows: Sequence[IntArray],
    train: IntArray,
    held_out: IntArray,
    *,
    longest: int,
) -> tuple[Part, Part]:
    """Timesteps up to each target, and the targets, of two parts."""
    inputs_of = partial(
        windows_before, data.features_NF, is_per_step=data.is_per_step, longest=longest
    )
    (train_TWF, train_W), (held_out_TWF, held_out_W) = (
        inputs_of([rows[index] for index in part]) for part in (train, held_out)
    )
    targets = [data.labels_N[row_W][:, None] for row_W in (train_W, held_out_W)]
    if data.classes is not None:
        targets = class_targets(*(part_W1[:, 0].astype(np.int32) for part_W1 in targets))
    return (train_TWF, targets[0]), (held_out_TWF, targets[1])


def _shift(
    spec: SequencesSpec, data: LabelledSequences, parts: Mapping[Split, IntArray]
) -> Mapping[Split, RangeShift]:
    return shift_of_rows(
        data.features_NF,
        spec.features,
        label=None if data.scaling is None else (spec.label, data.labels_N),
        parts={
            split: np.concatenate([data.rows[index] for index in part])
            for split, part in parts.items()
            if part.size
        },
    )


def _facts(
    spec: SequencesSpec,
    data: LabelledSequences,
    found: LabelledRows,
    baselines: tuple[Baseline, ...],
) -> TaskFacts:
    parts = found.parts
    train = parts["train"]
    length = max(len(data.rows[index]) for index in train)
    return TaskFacts(
        metric=baselines[0].metric,
        mode=MetricMode.MINIMISE,
        baselines=baselines,
        required_lag=spec.declared_lag(length=length)
        or _estimated_lag(data, train, parts["validation"]),
        shift=_shift(spec, data, parts),
        longer_context=_longer_context(spec, data, found),
        length=length,
        input_size=len(spec.features),
        output_size=data.num_classes or spec.loss_of_numbers.outputs_per_target,
        many_to_one=not data.is_per_step,
    )


SEQUENCES = TaskOfUpload(spec=SequencesSpec, make=build_sequences)
