"""The steps between the times of a table, and the regular step that most of them have.

Shapes: N rows of the table, n steps.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.cautions.card import Limit
from app.domain.cautions.subject import Subject
from app.domain.cautions.words import duration, number
from app.domain.telemetry import DoubleArray

DAY_S = 86_400.0
#: Least median step, in seconds, of times that are counted in months.
MONTH_S = 27 * DAY_S
#: Fewest steps of which a regular one can be told.
MIN_STEPS = 10
#: Largest distance of a step from a multiple of the regular one, in units of it.
TOLERANCE = 0.1
#: Longest pause, in seconds, of a weekly or daily schedule: a weekend and two holidays.
MAX_PAUSE_S = 5.5 * DAY_S
#: Gaps from which a schedule can be told.
MIN_SCHEDULED = 5
#: Length of a step that leaves out a time, in units of the regular one.
MIN_GAP = 1.5
#: Share of the gaps that begin at the same hour, or on the same weekday, of a schedule.
MIN_SCHEDULED_SHARE = 0.6

MAX_OFF_GRID = Limit(
    name="max_off_grid",
    value=0.05,
    unit="1",
    meaning="share of the steps that are no multiple of the median step, to a tenth of it",
)
MIN_REGULAR = Limit(
    name="min_regular",
    value=0.5,
    unit="1",
    meaning="share of the steps that are the median step",
)


@dataclass(frozen=True, kw_only=True)
class TimeGrid:
    """The steps that are not 0, between neighbouring rows of a series."""

    #: (n,) position, in the subject's order, of the row after each step.
    after_n: NDArray[np.intp]
    #: (n,) in seconds, whole months, or the units of the column.
    steps_n: DoubleArray
    #: The median step.
    step: float
    #: `s`, `month`, or empty for numbers.
    unit: str

    @property
    def multiples_n(self) -> DoubleArray:
        """(n,) each step in units of the median."""
        return self.steps_n / self.step

    @property
    def is_off_n(self) -> NDArray[np.bool_]:
        """(n,) whether a step is no multiple of the median."""
        nearest_n = np.rint(self.multiples_n)
        return (np.abs(self.multiples_n - nearest_n) > TOLERANCE) | (nearest_n < 1)

    @property
    def is_regular(self) -> bool:
        is_step_n = np.abs(self.multiples_n - 1) <= TOLERANCE
        return bool(
            self.is_off_n.mean() <= MAX_OFF_GRID.value and is_step_n.mean() >= MIN_REGULAR.value
        )

    def in_words(self, step: float) -> str:
        if self.unit == "month":
            return "1 month" if step == 1 else f"{number(step)} months"
        return duration(step) if self.unit == "s" else number(step)


def time_grid(subject: Subject) -> TimeGrid | None:
    """Returns None without times, and where there are too few steps."""
    if subject.time_N is None:
        return None
    step_n = np.diff(subject.time_N)
    (before,) = np.nonzero(~subject.is_first[1:] & (step_n > 0))
    if before.size < MIN_STEPS:
        return None
    steps_n, unit = step_n[before], "s" if subject.has_dates else ""
    step = float(np.median(steps_n))
    if subject.has_dates and step >= MONTH_S:
        month_N = subject.time_N.astype("datetime64[s]").astype("datetime64[M]").astype(np.float64)
        steps_n, unit = np.diff(month_N)[before], "month"
        step = max(1.0, float(np.median(steps_n)))
    return TimeGrid(after_n=before + 1, steps_n=steps_n, step=step, unit=unit)


def unscheduled_gaps(subject: Subject, grid: TimeGrid) -> NDArray[np.intp]:
    """Returns the positions among the steps of those that leave out a time.

    Nights, weekends and holidays of data that has them regularly are not meant.
    """
    (gaps,) = np.nonzero(grid.multiples_n > MIN_GAP)
    if grid.unit != "s" or gaps.size < MIN_SCHEDULED or subject.time_N is None:
        return gaps
    begin_n = subject.time_N[grid.after_n[gaps] - 1]
    place_n = begin_n % DAY_S if grid.step < DAY_S else np.floor(begin_n / DAY_S) % 7
    _, count = np.unique(place_n, return_counts=True)
    is_scheduled = count.max() >= max(MIN_SCHEDULED, MIN_SCHEDULED_SHARE * gaps.size)
    if not is_scheduled:
        return gaps
    return gaps[grid.steps_n[gaps] > MAX_PAUSE_S]
