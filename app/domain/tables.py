"""An uploaded table as columns, however its file was written.

Legend: N rows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import assert_never, overload

import numpy as np
from numpy.typing import NDArray

from app.domain.compact import Compact, compact
from app.domain.errors import InvalidData

#: Values that columns of these types had in profiles of earlier releases.
_FORMER_TYPES = {"numeric": "number", "datetime": "date"}


class ColumnType(StrEnum):
    NUMBER = "number"
    INTEGER = "integer"
    DATE = "date"
    BOOLEAN = "boolean"
    TEXT = "text"

    @classmethod
    def _missing_(cls, value: object) -> "ColumnType | None":
        former = _FORMER_TYPES.get(str(value))
        return cls(former) if former else None

    @property
    def is_numeric(self) -> bool:
        """Whether a network can read such a column; false is 0 and true is 1."""
        return self in {ColumnType.NUMBER, ColumnType.INTEGER, ColumnType.BOOLEAN}

    @property
    def has_labels(self) -> bool:
        return self in {ColumnType.BOOLEAN, ColumnType.TEXT}


@dataclass(frozen=True, kw_only=True)
class Labels(Sequence[str]):
    """Distinct texts, as UTF-8 end to end: a file can hold millions of them."""

    content: bytes = b""
    #: End of each text in `content`, in bytes.
    ends: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Labels":
        encoded = [text.encode() for text in texts]
        ends = np.cumsum([len(each) for each in encoded], dtype=np.int64)
        return cls(content=b"".join(encoded), ends=ends)

    def __len__(self) -> int:
        return len(self.ends)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...
    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        if isinstance(index, slice):
            return tuple(self[each] for each in range(*index.indices(len(self))))
        if index < 0:
            index += len(self)
        start = int(self.ends[index - 1]) if index else 0
        return self.content[start : int(self.ends[index])].decode()


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table."""

    name: str
    type: ColumnType
    #: (N,) numbers, or seconds since 1970 UTC; codes of labels for text and booleans.
    numbers: Compact
    #: (N,) None where all rows have a value.
    missing_N: NDArray[np.bool_] | None = None
    #: Distinct texts in the order in which they first appear.
    labels: tuple[str, ...] | Labels = ()
    #: How the cells were understood, where they are not plain numbers, ISO dates or texts.
    read_as: str | None = None
    #: Of dates: the zone whose local times the cells are, by its name; None for UTC.
    time_zone: str | None = None

    @classmethod
    def of_values(cls, name: str, kind: ColumnType, values_N: NDArray[np.float64]) -> "Column":
        """Makes a column of doubles, NaN where missing."""
        missing_N = np.isnan(values_N)
        if not missing_N.any():
            return cls(name=name, type=kind, numbers=compact(values_N))
        filled_N = np.where(missing_N, 0.0, values_N)
        return cls(name=name, type=kind, numbers=compact(filled_N), missing_N=missing_N)

    @property
    def num_missing(self) -> int:
        return 0 if self.missing_N is None else int(self.missing_N.sum())

    def values(self) -> NDArray[np.float64]:
        """(N,) numbers, or seconds since 1970 UTC, NaN where missing; empty for text."""
        if self.type is ColumnType.TEXT:
            return np.empty(0, dtype=np.float64)
        values_N = self.numbers.values()
        if self.type is ColumnType.BOOLEAN:
            is_true = np.array([label.lower() == "true" for label in self.labels], dtype=np.float64)
            values_N = np.append(is_true, 0.0)[self.numbers.stored_N.astype(np.int64)]
        if self.missing_N is not None:
            values_N[self.missing_N] = np.nan
        return values_N

    def codes(self) -> NDArray[np.int32]:
        """(N,) index into `labels`, -1 where missing; empty for numbers and dates."""
        if not self.type.has_labels:
            return np.empty(0, dtype=np.int32)
        return self.numbers.stored_N.astype(np.int32)

    def tail(self, num_rows: int) -> NDArray[np.float64]:
        """Returns the last values, at most `num_rows`; NaN where missing."""
        stored_N = self.numbers.stored_N[-num_rows:]
        values_n = Compact(stored_N=stored_N, scale=self.numbers.scale).values()
        if self.missing_N is not None:
            values_n[self.missing_N[-num_rows:]] = np.nan
        return values_n

    def first(self, num_rows: int) -> list[str | int | float | bool | None]:
        """Returns the first cells for people to read: None where missing, dates in RFC 3339."""
        stored_n = self.numbers.stored_N[:num_rows]
        values = Compact(stored_N=stored_n, scale=self.numbers.scale).values().tolist()
        whole = stored_n.tolist()
        missing = [False] * len(whole)
        if self.missing_N is not None:
            missing = self.missing_N[:num_rows].tolist()
        return [
            None if is_missing else self._shown(each, value)
            for each, value, is_missing in zip(whole, values, missing, strict=True)
        ]

    def _shown(self, stored: float, value: float) -> str | int | float | bool:
        match self.type:
            case ColumnType.TEXT:
                return self.labels[int(stored)]
            case ColumnType.BOOLEAN:
                return self.labels[int(stored)].lower() == "true"
            case ColumnType.INTEGER:
                return int(stored)
            case ColumnType.DATE:
                unit = "s" if value.is_integer() else "us"
                number = round(value if unit == "s" else value * 10**6)
                return f"{np.array(number).astype(f'datetime64[{unit}]')}Z"
            case ColumnType.NUMBER:
                return value
            case _:
                assert_never(self.type)

    def known(self) -> Compact:
        """Returns the numbers of the rows that have a value."""
        if self.missing_N is None:
            return self.numbers
        return Compact(stored_N=self.numbers.stored_N[~self.missing_N], scale=self.numbers.scale)

    def groups(self) -> tuple[NDArray[np.int32], Sequence[str]]:
        """Returns (N,) codes of equal cells, -1 where missing, and the label of each code.

        Labels of numbers and dates are ascending. Those of whole numbers have all digits.
        """
        if self.type.has_labels:
            return self.codes(), self.labels
        known = self.known()
        distinct, inverse = np.unique(known.stored_N, return_inverse=True)
        if self.missing_N is None:
            codes_N = inverse.astype(np.int32)
        else:
            codes_N = np.full(self.missing_N.shape, -1, dtype=np.int32)
            codes_N[~self.missing_N] = inverse
        if self.type is ColumnType.INTEGER and distinct.dtype.kind == "i":
            return codes_N, tuple(str(int(value)) for value in distinct)
        values = Compact(stored_N=distinct, scale=known.scale).values()
        return codes_N, tuple(f"{value:.17g}" for value in values)


@dataclass(frozen=True, kw_only=True)
class Table:
    """An uploaded table as columns."""

    columns: tuple[Column, ...]
    num_rows: int
    delimiter: str
    #: Number, in the file, of the first row of data; blank rows are not counted.
    first_row: int = 2

    def column(self, name: str) -> Column:
        """Returns the column of this name. Raises InvalidData."""
        for column in self.columns:
            if column.name == name:
                return column
        names = ", ".join(column.name for column in self.columns)
        detail = f"there is no column {name!r}; there are {names}"
        raise InvalidData(detail)
