"""How an upload was written, for predict.py to read the same kind of file in the same way."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from app.domain.reader_options import Choice, as_asked
from app.domain.tables import Column, Table
from worker.datasets.usage import CellFormat, FileFormat

#: What the reader tells of a column of dates -> name of the form in predict.py.
_DATES: Mapping[str, str] = MappingProxyType(
    {
        "date, year first": "year_first",
        "date, day before month": "day_first",
        "date, month before day": "month_first",
        "date with the name of its month": "named",
        "time of day": "clock",
        "seconds since 1970": "epoch_s",
        "milliseconds since 1970": "epoch_ms",
        "days as year, month and day in eight digits": "eight_digits",
    }
)
_SIGNS = MappingProxyType({"tab": "\t", "space": " "})


def formats_of(table: Table, names: Iterable[str | None]) -> tuple[CellFormat, ...]:
    """Returns the formats of the named columns, each once; None is no column."""
    known = dict.fromkeys(name for name in names if name is not None)
    return tuple(format_of(table.column(name)) for name in known)


def format_of(column: Column) -> CellFormat:
    kind, told = str(column.type), column.read_as or ""
    if told in _DATES:
        return CellFormat(column=column.name, type=kind, date=_DATES[told])
    if told.startswith("date, "):
        return CellFormat(column=column.name, type=kind, date=told.removeprefix("date, "))
    decimal = re.search(r"decimal sign (.)", told)
    thousands = re.search(r"digits grouped by (space|.)", told)
    symbol = re.search(r"(\S+) left out", told)
    return CellFormat(
        column=column.name,
        type=kind,
        decimal=decimal[1] if decimal else ".",
        thousands=thousands[1] if thousands else "none",
        symbol=symbol[1] if symbol else "",
    )


def file_format_of(reader: Mapping[str, Choice]) -> FileFormat | None:
    """Returns the layout by the choices of the reader; None where no CSV was read with them."""
    if "delimiter" not in reader:
        return None
    values = {option: choice.value for option, choice in reader.items()}
    delimiter, quote, zone = (str(values[name]) for name in ("delimiter", "quote", "time_zone"))
    skip_lines, sentinels, na = values["skip_lines"], values["sentinels"], reader["na"]
    return FileFormat(
        delimiter=_SIGNS.get(delimiter, delimiter),
        quote=None if quote == "none" else quote,
        skip_lines=skip_lines if isinstance(skip_lines, int) else 0,
        has_header=values["header"] != "none",
        encoding=str(values["encoding"]),
        na=_texts(na.value) if na == as_asked(na.value) else None,
        sentinels=_numbers(sentinels),
        time_zone=None if zone == "UTC" else zone,
    )


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _numbers(value: object) -> tuple[float, ...]:
    found = value if isinstance(value, list) else []
    return tuple(float(each) for each in found if isinstance(each, int | float))
