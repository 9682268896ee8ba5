"""Columns of a Parquet file, one after the other, with a bound on what it unpacks to."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from app.domain.compact import Compact, compact, join, shrink
from app.domain.errors import InvalidData
from app.domain.reader_options import Choice, ReaderOptions
from app.domain.tables import Column, ColumnType, Table
from app.reading.cells import Cells
from app.reading.columns import read_columns
from app.reading.header import check_width, refuse_bad_names
from app.reading.plain import join_missing, missing_of, refuse_infinite, seconds_of
from app.reading.read_table import ReadTable

MAGIC = b"PAR1"
#: Cells of a file: a CSV of the largest size has half as many.
MAX_CELLS = 2**26
BATCH_ROWS = 2**17
#: Name that pandas gives to an index without one.
_INDEX = "__index_level_0__"


def is_parquet(content: bytes) -> bool:
    return content.startswith(MAGIC) and content.endswith(MAGIC)


def read_parquet(content: bytes, options: ReaderOptions, *, max_bytes: int) -> ReadTable:
    """Returns the table. Raises InvalidData for a damaged, nested or too large file."""
    if not is_parquet(content):
        detail = "this is no Parquet file: one begins and ends with PAR1"
        raise InvalidData.at("file", detail, code="broken_file")
    with _as_invalid():
        file = parquet.ParquetFile(pa.BufferReader(pa.py_buffer(content)))
        fields = list(file.schema_arrow)
        _refuse_large(file.metadata, len(fields), max_bytes)
        names = ["index" if field.name == _INDEX else field.name for field in fields]
        refuse_bad_names(names)
        columns: list[Column] = []
        choices: dict[str, Choice] = {}
        for name, field in zip(names, fields, strict=True):
            column, found = _column(file, name, field, options)
            columns.append(column)
            choices |= found
    if not file.metadata.num_rows:
        raise InvalidData.at("row/1", "there are no rows", code="no_rows")
    table = Table(
        columns=tuple(columns), num_rows=file.metadata.num_rows, delimiter="", first_row=1
    )
    return ReadTable(table=table, choices=choices)


@contextmanager
def _as_invalid() -> Iterator[None]:
    try:
        yield
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError, OSError) as error:
        detail = f"the Parquet file is damaged or not supported: {error}"
        raise InvalidData.at("file", detail, code="broken_file") from error


def _refuse_large(metadata: parquet.FileMetaData, num_columns: int, max_bytes: int) -> None:
    check_width(num_columns)
    groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
    num_bytes = sum(group.total_byte_size for group in groups)
    num_rows = sum(group.num_rows for group in groups)
    if num_bytes > max_bytes or num_rows * num_columns > MAX_CELLS:
        detail = f"unpacked, the file has {num_rows} rows and {num_bytes} bytes; at most "
        detail += f"{MAX_CELLS} cells and {max_bytes} bytes are read"
        raise InvalidData.at("file", detail, code="unpacked_too_large")


def _column(
    file: parquet.ParquetFile, name: str, field: pa.Field, options: ReaderOptions
) -> tuple[Column, dict[str, Choice]]:
    chunks = [
        batch.column(0)
        for batch in file.iter_batches(BATCH_ROWS, columns=[field.name], use_threads=False)
    ]
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    if _is_text(kind) or pa.types.is_boolean(kind) or kind == pa.uint64():
        texts = tuple(_texts(chunk) for chunk in chunks)
        (column,), choices = read_columns([Cells(name=name, chunks=texts, first_row=1)], options)
        return column, choices
    if pa.types.is_integer(kind):
        wholes = [chunk.cast(pa.int64()) for chunk in chunks]
        parts = [Compact(stored_N=shrink(each.fill_null(0).to_numpy())) for each in wholes]
        return _joined(name, ColumnType.INTEGER, parts, chunks), {}
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _numbers(name, chunks), {}
    if pa.types.is_temporal(kind) and not pa.types.is_duration(kind):
        return _joined(name, ColumnType.DATE, [_seconds(each) for each in chunks], chunks), {}
    detail = f"column {name!r} has the type {field.type}, which is not read; give each of its "
    detail += "values a column of numbers, texts or dates"
    raise InvalidData.at(f"row/1/{name}", detail, code="nested_value")


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)
    )


def _texts(chunk: pa.Array) -> pa.StringArray:
    texts = chunk.cast(pa.string())
    texts.validate(full=True)
    return texts


def _numbers(name: str, chunks: list[pa.Array]) -> Column:
    parts, row = [], 1
    is_nan = []
    for chunk in chunks:
        values_n = chunk.cast(pa.float64()).fill_null(0.0).to_numpy()
        refuse_infinite(values_n, chunk.cast(pa.string()), row, name)
        is_nan.append(np.isnan(values_n))
        parts.append(compact(np.where(is_nan[-1], 0.0, values_n)))
        row += len(chunk)
    column = _joined(name, ColumnType.NUMBER, parts, chunks)
    missing_N = np.concatenate([*is_nan, np.empty(0, dtype=np.bool_)])
    if column.missing_N is not None:
        missing_N |= column.missing_N
    return Column(
        name=name,
        type=column.type,
        numbers=column.numbers,
        missing_N=missing_N if missing_N.any() else None,
    )


def _seconds(chunk: pa.Array) -> Compact:
    if pa.types.is_time(chunk.type):
        micros = chunk.cast(pa.time64("us")).cast(pa.int64())
    else:
        zone = getattr(chunk.type, "tz", None)
        micros = pc.cast(chunk, pa.timestamp("us", zone), safe=False).cast(pa.int64())
    return seconds_of(micros.fill_null(0).to_numpy())


def _joined(name: str, kind: ColumnType, parts: list[Compact], chunks: list[pa.Array]) -> Column:
    missing = [missing_of(chunk) for chunk in chunks]
    return Column(
        name=name,
        type=kind,
        numbers=join(parts) if parts else Compact(stored_N=np.empty(0, dtype=np.int8)),
        missing_N=join_missing(missing, [len(chunk) for chunk in chunks]) if chunks else None,
    )
