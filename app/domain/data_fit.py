"""Whether an uploaded data set can serve a spec, by its profile; the shape it gives the task."""

from collections.abc import Iterable, Iterator, Sequence
from typing import assert_never

from app.domain.datasets import ColumnType
from app.domain.errors import InvalidSpec, Problem
from app.domain.estimate import TaskShape
from app.domain.profiles import ColumnProfile, CsvProfile, TextProfile
from app.domain.specs.dataset import (
    COPY_SYMBOLS,
    DIGITS_LENGTH,
    AddingSpec,
    CopyMemorySpec,
    DatasetSpec,
    DigitsSpec,
    ForecastSpec,
    SequencesSpec,
    SplitSpec,
    TemporalOrderSpec,
    TextSpec,
    UploadedSpec,
)

Profile = CsvProfile | TextProfile
#: Inputs: blank, 8 symbols, "recall"; outputs: blank and 8 symbols.
_COPY_INPUTS = 10
_COPY_OUTPUTS = 9
#: A, B and four distractors.
_ORDER_SYMBOLS = 6
_ORDER_CLASSES = 4
_DIGIT_CLASSES = 10
_MIN_CLASSES = 2
#: Codes of what is wrong only in the light of the data.
FIT_CODES = (
    "dataset_not_found",
    "dataset_kind_mismatch",
    "no_such_column",
    "column_not_numeric",
    "column_not_ordered",
    "column_constant",
    "missing_values",
    "longer_than_data",
    "too_few_sequences",
    "too_few_classes",
    "run_too_large",
)


def shape_of(  # noqa: PLR0911 - one return a kind
    spec: DatasetSpec, profile: Profile | None
) -> TaskShape:
    """Sizes of the task's tensors. Raises InvalidSpec where the upload cannot serve the spec."""
    match spec:
        case AddingSpec():
            return _shape(spec.length, 2, 1)
        case CopyMemorySpec():
            length = spec.length + 2 * COPY_SYMBOLS
            return _shape(length, _COPY_INPUTS, _COPY_OUTPUTS, many_to_one=False)
        case TemporalOrderSpec():
            return _shape(spec.length, _ORDER_SYMBOLS, _ORDER_CLASSES)
        case DigitsSpec():
            return _shape(DIGITS_LENGTH, 1, _DIGIT_CLASSES)
        case ForecastSpec():
            table = _fitting_csv(spec, profile)
            _raise_any(_forecast_problems(spec, table))
            num_columns = 1 + sum(name != spec.target for name in spec.features)
            return _shape(spec.window, num_columns, spec.horizon)
        case SequencesSpec():
            table = _fitting_csv(spec, profile)
            _raise_any(_sequences_problems(spec, table))
            return _sequences_shape(spec, table)
        case TextSpec():
            text = _fitting_text(spec, profile)
            _raise_any(_text_problems(spec, text))
            # one more stands for what the training part lacks
            num_symbols = text.distinct_symbols + 1
            return _shape(spec.length, num_symbols, num_symbols, many_to_one=False)
        case _:
            assert_never(spec)


def _shape(
    length: int, input_size: int, output_size: int, *, many_to_one: bool = True
) -> TaskShape:
    return TaskShape(
        length=length, input_size=input_size, output_size=output_size, many_to_one=many_to_one
    )


def _raise_any(problems: Iterable[Problem]) -> None:
    if found := list(problems):
        raise _misfit(found)


def _misfit(problems: Sequence[Problem]) -> InvalidSpec:
    detail = f"The data set cannot serve the spec: {problems[0].detail}."
    return InvalidSpec(detail, problems=problems)


def _fitting_csv(spec: ForecastSpec | SequencesSpec, profile: Profile | None) -> CsvProfile:
    if not isinstance(profile, CsvProfile):
        raise _wrong_kind(spec, needed="csv")
    return profile


def _fitting_text(spec: TextSpec, profile: Profile | None) -> TextProfile:
    if not isinstance(profile, TextProfile):
        raise _wrong_kind(spec, needed="text")
    return profile


def _wrong_kind(spec: UploadedSpec, *, needed: str) -> InvalidSpec:
    detail = f"{spec.kind} needs a data set of kind {needed}"
    code = "dataset_kind_mismatch"
    return _misfit([Problem(pointer="/dataset/dataset_id", detail=detail, code=code)])


def _forecast_problems(spec: ForecastSpec, table: CsvProfile) -> Iterator[Problem]:
    numeric = {"target": spec.target} | _members("features", spec.features)
    yield from _absent(table, numeric | {"time_column": spec.time_column})
    yield from _absent(table, {"series_column": spec.series_column})
    yield from _not_numeric(table, numeric)
    yield from _constant(table, numeric)
    if spec.missing == "reject":
        yield from _with_gaps(table, numeric)
    yield from _not_ordered(table, {"time_column": spec.time_column})
    yield from _windows_without_room(spec, table)


def _windows_without_room(spec: ForecastSpec, table: CsvProfile) -> Iterator[Problem]:
    """Every part of every series needs a window, which may reach back beyond it, and a horizon."""
    series = _find(table, spec.series_column)
    # the shortest of them has at most so many
    num_rows = table.rows // max(1, series.distinct) if series else table.rows
    for name, first, end in _asked(spec.split, num_rows):
        if max(first, spec.window) + spec.horizon > end:
            detail = f"the {name} part, rows {first + 1} to {end} of {num_rows}, is too short for "
            detail += f"a window of {spec.window} and a horizon of {spec.horizon}"
            yield Problem(pointer="/dataset/window", detail=detail, code="longer_than_data")
            return


def _sequences_problems(spec: SequencesSpec, table: CsvProfile) -> Iterator[Problem]:
    features = _members("features", spec.features)
    label: dict[str, str | None] = {"label": spec.label}
    order: dict[str, str | None] = {"order_column": spec.order_column}
    yield from _absent(table, features | label | order | {"sequence_column": spec.sequence_column})
    yield from _not_numeric(table, features)
    yield from _constant(table, features)
    yield from _with_gaps(table, features | label)
    yield from _not_ordered(table, order)
    if spec.task == "regression":
        yield from _not_numeric(table, label)
        yield from _constant(table, label)
    elif (column := _find(table, spec.label)) is not None and column.distinct < _MIN_CLASSES:
        detail = f"column {spec.label!r} has one class only"
        yield Problem(pointer="/dataset/label", detail=detail, code="too_few_classes")
    sequences = _find(table, spec.sequence_column)
    for name, first, end in _asked(spec.split, sequences.distinct if sequences else 0):
        if sequences is not None and end == first:
            detail = f"the {name} part of {sequences.distinct} sequences would be empty"
            yield Problem(pointer="/dataset/split", detail=detail, code="too_few_sequences")


def _text_problems(spec: TextSpec, text: TextProfile) -> Iterator[Problem]:
    """Each character is predicted from those before it, so that a sequence needs one more."""
    for name, first, end in _asked(spec.split, text.characters):
        if end - first <= spec.length:
            detail = f"the {name} part has {end - first} characters: too few for sequences of "
            detail += f"{spec.length} and a target"
            yield Problem(pointer="/dataset/length", detail=detail, code="longer_than_data")
            return


def _asked(split: SplitSpec, num_items: int) -> list[tuple[str, int, int]]:
    """Name, first item and end of each part that has a share."""
    return [(part.name, part.first, part.end) for part in split.parts(num_items) if part.share > 0]


def _sequences_shape(spec: SequencesSpec, table: CsvProfile) -> TaskShape:
    label = _find(table, spec.label)
    is_classes = spec.task == "classification" and label is not None
    return _shape(
        # the profile does not know the longest sequence; all rows in one is the most
        min(spec.max_length or table.rows, table.rows),
        len(spec.features),
        label.distinct if is_classes and label else 1,
        many_to_one=spec.target == "per_sequence",
    )


def _members(name: str, columns: Sequence[str]) -> dict[str, str | None]:
    return {f"{name}/{index}": column for index, column in enumerate(columns)}


def _find(table: CsvProfile, name: str | None) -> ColumnProfile | None:
    return next((column for column in table.columns if column.name == name), None)


def _absent(table: CsvProfile, named: dict[str, str | None]) -> Iterator[Problem]:
    there = ", ".join(column.name for column in table.columns)
    for place, name in named.items():
        if name is not None and _find(table, name) is None:
            detail = f"there is no column {name!r}; there are {there}"
            yield Problem(pointer=f"/dataset/{place}", detail=detail, code="no_such_column")


def _not_numeric(table: CsvProfile, named: dict[str, str | None]) -> Iterator[Problem]:
    for place, name in named.items():
        column = _find(table, name)
        if column is not None and column.type is not ColumnType.NUMERIC:
            detail = f"column {name!r} holds {column.type}, not numbers"
            if (first := column.not_numeric) is not None:
                detail += (
                    f": the first is {first.cell!r} in row {first.row}, the header being row 1"
                )
            yield Problem(pointer=f"/dataset/{place}", detail=detail, code="column_not_numeric")


def _constant(table: CsvProfile, named: dict[str, str | None]) -> Iterator[Problem]:
    for place, name in named.items():
        column = _find(table, name)
        if column is not None and column.min is not None and column.min == column.max:
            detail = f"column {name!r} is {column.min:g} in every row"
            yield Problem(pointer=f"/dataset/{place}", detail=detail, code="column_constant")


def _not_ordered(table: CsvProfile, named: dict[str, str | None]) -> Iterator[Problem]:
    for place, name in named.items():
        column = _find(table, name)
        if column is not None and column.type is ColumnType.TEXT:
            detail = f"column {name!r} holds text that is neither a number nor an ISO date"
            yield Problem(pointer=f"/dataset/{place}", detail=detail, code="column_not_ordered")


def _with_gaps(table: CsvProfile, named: dict[str, str | None]) -> Iterator[Problem]:
    for place, name in named.items():
        column = _find(table, name)
        if column is not None and column.missing:
            detail = f"column {name!r} misses {column.missing} of {table.rows} values"
            yield Problem(pointer=f"/dataset/{place}", detail=detail, code="missing_values")
