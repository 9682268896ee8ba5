"""One column of a table to be examined.

Shapes: N rows of the table, S series, n rows that have a value.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from app.domain.cautions.sentinel_values import sentinel_values
from app.domain.tables import Column
from app.domain.telemetry import DoubleArray


@dataclass(frozen=True, kw_only=True)
class ColumnView:
    """A column, and the order of the rows. What is computed of it is kept for other cautions."""

    column: Column
    #: (N,) rows of the table by series and time.
    rows_N: NDArray[np.intp]
    #: (S,) positions in `rows_N` at which a series begins.
    starts_S: NDArray[np.intp]
    #: Whether it holds numbers that a model may read or predict.
    is_measured: bool
    #: Whether it is predicted.
    is_target: bool
    #: Whether it is the series, time or label column.
    orders_rows: bool

    @property
    def name(self) -> str:
        return self.column.name

    @cached_property
    def values(self) -> DoubleArray:
        """(N,) in the order of the file, NaN where missing."""
        return self.column.values()

    @cached_property
    def ordered(self) -> DoubleArray:
        """(N,) by series and time, NaN where missing."""
        return self.values[self.rows_N]

    @cached_property
    def sorted_n(self) -> DoubleArray:
        """(n,) ascending."""
        values_N = self.values
        known_n = values_N if self.column.missing_N is None else values_N[~self.column.missing_N]
        return np.sort(known_n)

    @cached_property
    def sentinels(self) -> tuple[float, ...]:
        """Numbers that probably stand for no value."""
        return sentinel_values(self.sorted_n)

    @cached_property
    def real_n(self) -> DoubleArray:
        """The values without sentinels, ascending."""
        if not self.sentinels:
            return self.sorted_n
        return self.sorted_n[~np.isin(self.sorted_n, self.sentinels)]

    @cached_property
    def num_distinct(self) -> int:
        if not self.sorted_n.size:
            return 0
        return 1 + int(np.count_nonzero(self.sorted_n[1:] != self.sorted_n[:-1]))
