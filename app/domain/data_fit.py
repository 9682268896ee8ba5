"""Whether an uploaded data set can serve a spec, by its profile; the shape it gives the task."""

from collections.abc import Iterator, Sequence
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
    TemporalOrderSpec,
    TextSpec,
)

Profile = CsvProfile | TextProfile
#: Symbols of the made tasks: 8 to recall, the blank and the delimiter; A, B and four distractors.
_COPY_SYMBOL_SIZE = 10
_ORDER_SYMBOLS = 6
_ORDER_CLASSES = 4
_DIGIT_CLASSES = 10
#: Codes of what is wrong only in the light of the data.
FIT_CODES = (
    "dataset_not_found",
    "dataset_kind_mismatch",
    "no_such_column",
    "column_not_numeric",
    "missing_values",
    "longer_than_data",
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
            return _shape(length, _COPY_SYMBOL_SIZE, _COPY_SYMBOL_SIZE, many_to_one=False)
        case TemporalOrderSpec():
            return _shape(spec.length, _ORDER_SYMBOLS, _ORDER_CLASSES)
        case DigitsSpec():
            return _shape(DIGITS_LENGTH, 1, _DIGIT_CLASSES)
        case ForecastSpec():
            table = _fitting_csv(spec, profile)
            _raise_any(list(_forecast_problems(spec, table)))
            return _shape(spec.window, 1 + len(spec.features), spec.horizon)
        case SequencesSpec():
            table = _fitting_csv(spec, profile)
            _raise_any(list(_sequences_problems(spec, table)))
            return _sequences_shape(spec, table)
        case TextSpec():
            text = _fitting_text(profile)
            _raise_any(list(_text_problems(spec, text)))
            return _shape(
                spec.length, text.distinct_symbols, text.distinct_symbols, many_to_one=False
            )
        case _:
            assert_never(spec)


def _shape(
    length: int, input_size: int, output_size: int, *, many_to_one: bool = True
) -> TaskShape:
    return TaskShape(
        length=length, input_size=input_size, output_size=output_size, many_to_one=many_to_one
    )


def _raise_any(problems: Sequence[Problem]) -> None:
    if problems:
        detail = f"The data set cannot serve the spec: {problems[0].detail}."
        raise InvalidSpec(detail, problems=problems)


def _fitting_csv(spec: ForecastSpec | SequencesSpec, profile: Profile | None) -> CsvProfile:
    if not isinstance(profile, CsvProfile):
        _raise_any([_wrong_kind(f"{spec.kind} needs a data set of kind csv")])
    assert isinstance(profile, CsvProfile)  # noqa: S101 - raised above
    return profile


def _fitting_text(profile: Profile | None) -> TextProfile:
    if not isinstance(profile, TextProfile):
        _raise_any([_wrong_kind("text needs a data set of kind text")])
    assert isinstance(profile, TextProfile)  # noqa: S101 - raised above
    return profile


def _wrong_kind(detail: str) -> Problem:
    return Problem(pointer="/dataset/dataset_id", detail=detail, code="dataset_kind_mismatch")


def _forecast_problems(spec: ForecastSpec, table: CsvProfile) -> Iterator[Problem]:
    numeric = {"target": spec.target} | _members("features", spec.features)
    yield from _absent(table, numeric | {"time_column": spec.time_column})
    yield from _absent(table, {"series_column": spec.series_column})
    yield from _not_numeric(table, numeric)
    if spec.missing == "reject":
        yield from _with_gaps(table, numeric)
    needed = spec.window + spec.horizon
    num_rows = int(table.rows * spec.split.train)
    if needed > num_rows:
        detail = f"a window of {spec.window} and a horizon of {spec.horizon} need {needed} rows; "
        detail += f"the training part of the {table.rows} has {num_rows}"
        yield Problem(pointer="/dataset/window", detail=detail, code="longer_than_data")


def _sequences_problems(spec: SequencesSpec, table: CsvProfile) -> Iterator[Problem]:
    features = _members("features", spec.features)
    named = {"sequence_column": spec.sequence_column, "order_column": spec.order_column}
    yield from _absent(table, features | named | {"label": spec.label})
    yield from _not_numeric(table, features)
    if spec.task == "regression":
        yield from _not_numeric(table, {"label": spec.label})


def _text_problems(spec: TextSpec, text: TextProfile) -> Iterator[Problem]:
    # each character is predicted from those before it, so that a sequence needs one more
    num_characters = int(text.characters * spec.split.train)
    if spec.length + 1 > num_characters:
        detail = f"a length of {spec.length} needs {spec.length + 1} characters; "
        detail += f"the training part of the {text.characters} has {num_characters}"
        yield Problem(pointer="/dataset/length", detail=detail, code="longer_than_data")


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
            yield Problem(pointer=f"/dataset/{place}", detail=detail, code="column_not_numeric")


def _with_gaps(table: CsvProfile, named: dict[str, str | None]) -> Iterator[Problem]:
    for name in named.values():
        column = _find(table, name)
        if column is not None and column.missing:
            detail = f"column {name!r} misses {column.missing} of {table.rows} values; "
            detail += "say forward_fill or drop"
            yield Problem(pointer="/dataset/missing", detail=detail, code="missing_values")
