"""Cells of a table: missing values, numbers and labels, in the conventions of the training file."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from worker.publishing.program.dates import read_moment
from worker.publishing.program.network import Document, Unusable
from worker.publishing.program.times import NUMBER, Moment, in_zone

#: Cells that stand for no value, as in training.
MISSING_ALWAYS = {
    *("", "NA", "N/A", "n/a", "#N/A", "#N/A N/A", "#NA", "<NA>", "NaN", "nan", "-NaN", "-nan"),
    *("1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN", "null", "NULL", "Null", "None", "NaT", "#NULL!"),
}
#: Cells that stand for no value among numbers and dates. They can be labels among texts.
MISSING_AMONG_NUMBERS = {
    *("-", "--", "---", "\u2013", "\u2014", "?", ".", "..", "...", "*", "n.a.", "N.A.", "na", "nd"),
    *("n.d.", "k.A.", "nil", "none", "missing", "(null)", "[null]", "<null>", "\\N"),
    *("#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!"),
}
MISSING = MISSING_ALWAYS | MISSING_AMONG_NUMBERS
#: Types of columns whose cells are texts.
WITH_LABELS = ("text", "boolean")
TRUTHS = {"true": 1.0, "false": 0.0}
#: Longest part of a cell that a message shows.
SHOWN = 40
SPACES = " \u00a0\u202f"
GROUPINGS = {
    "none": "",
    ",": ",",
    ".": r"\.",
    "space": f"[{SPACES}]",
    "'": "['\u2019]",
}
#: How plain cells are written: the type of their column is not known.
PLAIN: Document = {
    "type": None,
    "decimal": ".",
    "thousands": "none",
    "symbol": "",
    "date": "iso",
}


@dataclass(frozen=True)
class Row:
    """A row of a table, with the number that it has in the file."""

    number: int
    cells: dict[str, str]
    #: Columns with numbers and dates in plain form, and not in that of the training file.
    plain: frozenset[str] = field(default_factory=frozenset)

    def refused(self, column: str, detail: str) -> Unusable:
        place = f"row {self.number}, column {column!r}"
        return Unusable(f"{place}: {detail}", row=self.number, column=column)

    def shown(self, column: str) -> str:
        return repr(self.cells[column][:SHOWN])


class Conventions:
    """How the file was written that the network was trained on."""

    def __init__(self, layout: Document) -> None:
        self._formats = {each["column"]: each for each in layout.get("formats") or ()}
        self._plain = {
            name: {**PLAIN, "type": each["type"], "clock_column": each.get("clock_column")}
            for name, each in self._formats.items()
        }
        file = layout.get("file") or {}
        #: Cells that stand for no value where the upload named them; None for the usual ones.
        na = file.get("na")
        self._na: set[str] | None = None if na is None else {"", *na}
        self._sentinels: list[float] = file.get("sentinels") or []
        self._zone: str = file.get("time_zone") or ""

    def of(self, row: Row, column: str) -> Document:
        """The format of a cell."""
        known = self._plain if column in row.plain else self._formats
        return known.get(column, PLAIN)

    def is_missing(self, row: Row, column: str) -> bool:
        """Whether the cell stands for no value."""
        cell, kind = row.cells[column], self.of(row, column)["type"]
        marks = MISSING_ALWAYS if kind in WITH_LABELS else MISSING
        if cell in (marks if self._na is None else self._na):
            return True
        if not self._sentinels or kind not in {"number", "integer"}:
            return False
        try:
            return float(self._bare(row, column)) in self._sentinels
        except ValueError:
            return False

    def number(self, row: Row, column: str) -> float:
        """Raises Unusable for a cell that is not a finite number."""
        cell, form = row.cells[column], self.of(row, column)
        if form["type"] == "boolean" and cell.lower() in TRUTHS:
            return TRUTHS[cell.lower()]
        try:
            value = float(self._bare(row, column))
        except ValueError as error:
            raise row.refused(column, f"{row.shown(column)} {error}") from error
        if not math.isfinite(value):
            raise row.refused(column, f"{row.shown(column)} is not a finite number")
        return value

    def label(self, row: Row, column: str) -> str:
        """The name of a series or sequence as in training: numbers have one way of writing."""
        cell, form = row.cells[column], self.of(row, column)
        try:
            match form["type"]:
                case "text" | "boolean":
                    return cell
                case "integer":
                    return whole(self._bare(row, column))
                case "date":
                    return f"{read_moment(cell, form['date']).value:.17g}"
                case _:
                    return f"{float(self._bare(row, column)):.17g}"
        except (ValueError, OverflowError):
            return cell

    def moments(self, rows: Sequence[Row], column: str, *, is_date: bool) -> list[Moment]:
        """The times of all rows of a table. Raises Unusable for a cell that is none."""
        found = [self._moment(row, column, is_date=is_date) for row in rows]
        if not self._zone or not is_date:
            return found
        in_file = [place for place, row in enumerate(rows) if column not in row.plain]
        moved = in_zone([found[place] for place in in_file], self._zone)
        for place, moment in zip(in_file, moved, strict=True):
            if moment is None:
                row = rows[place]
                detail = f"{self._zone} has no time {row.shown(column)}; clocks were put forward"
                raise row.refused(column, f"{detail} (option time_zone)")
            found[place] = moment
        return [moment.shown_in(self._zone) for moment in found]

    def _moment(self, row: Row, column: str, *, is_date: bool) -> Moment:
        form = self.of(row, column)
        try:
            if is_date:
                return self._with_clock(row, read_moment(row.cells[column], form["date"]), form)
            return Moment(float(self._bare(row, column)), "number")
        except (ValueError, OverflowError) as error:
            wanted = AS_DATES.get(form["date"], f"a date like {form['date']}, as in training")
            wanted = wanted if is_date else "a number"
            raise row.refused(column, f"{row.shown(column)} is not {wanted}") from error

    def _with_clock(self, row: Row, day: Moment, form: Document) -> Moment:
        """Adds the time of day of another column, where training did. Raises Unusable."""
        column = form.get("clock_column")
        if column is None or day.form != "day":
            return day
        if self.is_missing(row, column):
            raise row.refused(column, f"a value is missing: {row.shown(column)}")
        return Moment(day.value + self._moment(row, column, is_date=True).value, "time")

    def _bare(self, row: Row, column: str) -> str:
        """The number in plain form. Raises ValueError with what is wrong."""
        return bare_number(row.cells[column], self.of(row, column))


#: What the cells of a column of dates are.
AS_DATES = {
    "iso": "a date like 2024-01-31 or 2024-01-31T12:00:00",
    "year_first": "a date with the year first, as in training (option date_format)",
    "day_first": "a date with the day before the month, as in training (option day_first)",
    "month_first": "a date with the month before the day, as in training (option day_first)",
    "named": "a date with the name of its month, as in training (option date_format)",
    "clock": "a time of day, as in training (option date_format)",
    "month": "a month with its year, as in training (option date_format)",
    "week": "a week like 2024-W05, as in training (option date_format)",
    "quarter": "a quarter like 2024-Q1, as in training (option date_format)",
    "compact": "a time like 20240131T1305, as in training (option date_format)",
    "epoch_s": "a number of seconds since 1970, as in training (option date_format)",
    "epoch_ms": "a number of milliseconds since 1970, as in training (option date_format)",
    "epoch_us": "a number of microseconds since 1970, as in training (option date_format)",
    "epoch_ns": "a number of nanoseconds since 1970, as in training (option date_format)",
    "digits_6": "a month like 202401, as in training (option date_format)",
    "digits_8": "a day like 20240131, as in training (option date_format)",
    "digits_10": "an hour like 2024013113, as in training (option date_format)",
    "digits_12": "a minute like 202401311305, as in training (option date_format)",
    "digits_14": "a time like 20240131130500, as in training (option date_format)",
}


def whole(number: str) -> str:
    """All digits of a whole number, of which JSON may have made one with a point."""
    try:
        return str(int(number))
    except ValueError:
        value = float(number)
        return str(int(value)) if value.is_integer() else number


def bare_number(cell: str, form: Document) -> str:
    """A number without its symbol and grouped digits, and with a decimal point.

    Raises ValueError with what is wrong.
    """
    text, symbol = cell, form["symbol"]
    if symbol:
        if symbol not in text:
            detail = f"lacks the {symbol} that all cells of the column had in training"
            raise ValueError(detail)
        text = text.replace(symbol, "")
    if form["decimal"] == "." and form["thousands"] == "none" and not symbol:
        if not NUMBER.fullmatch(text):
            raise ValueError(not_a_number(cell, form))
        return text
    text = re.sub(f"^([+-]?)[{SPACES}]+", r"\1", text.strip(SPACES).replace("\u2212", "-"))
    if not number_pattern(form["decimal"], form["thousands"]).fullmatch(text):
        raise ValueError(not_a_number(cell, form))
    grouping = GROUPINGS[form["thousands"]]
    text = re.sub(grouping, "", text) if grouping else text
    return text.replace(form["decimal"], ".")


def number_pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    point, grouping = re.escape(decimal), GROUPINGS[thousands]
    plain = rf"\d+(?:{point}\d*)?|{point}\d+"
    if grouping:
        # 0,123 has no grouped digits
        groups = rf"\d{{0,2}}(?:{grouping}\d{{3}})+"
        # in India by twos before the last three
        groups += r"|\d?(?:,\d{2})+,\d{3}" if thousands == "," else ""
        plain = rf"[1-9](?:{groups})(?:{point}\d*)?|{plain}"
    return re.compile(rf"[+-]?(?:{plain})(?:[eE][+-]?\d+)?", re.ASCII)


def not_a_number(cell: str, form: Document) -> str:
    """What is wrong with a cell, and which option of the upload said how it is read."""
    detail = "is not a finite number"
    if not re.search(r"\d", cell):
        return detail if form["type"] is None else f"{detail}, nor a mark of the option na"
    if form["decimal"] != "." or form["thousands"] != "none" or "," in cell:
        grouped = "" if form["thousands"] == "none" else f", digits grouped by {form['thousands']}"
        detail += f" with the decimal sign {form['decimal']}{grouped}, as in training (options "
        return detail + "decimal, thousands)"
    return detail
