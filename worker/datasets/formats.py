"""How an upload was written, for predict.py to read the same kind of file in the same way."""

import re
from ast import literal_eval
from collections.abc import Iterable, Mapping
from dataclasses import replace
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
        "first day of a month": "month",
        "first day of a quarter": "quarter",
        "week of ISO 8601": "week",
        "date and time in digits alone": "compact",
        "seconds since 1970": "epoch_s",
        "milliseconds since 1970": "epoch_ms",
        "microseconds since 1970": "epoch_us",
        "nanoseconds since 1970": "epoch_ns",
        "first day of a month, as year and month in six digits": "digits_6",
        "days as year, month and day in eight digits": "digits_8",
        "hours as year, month, day and hour in ten digits": "digits_10",
        "minutes as year, month, day, hour and minute in twelve digits": "digits_12",
        "seconds as year, month, day and time in fourteen digits": "digits_14",
    }
)
#: How a column of days is told that has the times of day of another one.
_WITH_CLOCK = re.compile(r"(.*), with the time of day of column (['\"].*['\"])")
_SIGNS = MappingProxyType({"tab": "\t", "space": " "})


def formats_of(table: Table, names: Iterable[str | None]) -> tuple[CellFormat, ...]:
    """Returns the formats of the named columns, each once; None is no column."""
    known = dict.fromkeys(name for name in names if name is not None)
    found = [format_of(table.column(name)) for name in known]
    clocks = {each.clock_column for each in found} - {None, *known}
    return (*found, *(format_of(table.column(str(name))) for name in clocks))


def format_of(column: Column) -> CellFormat:
    told = column.read_as or ""
    joined = _WITH_CLOCK.fullmatch(told)
    if joined is None:
        return _format(column, told)
    return replace(_format(column, joined[1]), clock_column=literal_eval(joined[2]))


def _format(column: Column, told: str) -> CellFormat:
    kind = str(column.type)
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
